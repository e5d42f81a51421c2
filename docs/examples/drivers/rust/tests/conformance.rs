//! Puts the driver through Onitu's conformance kit (pip install 'onitu[conformance]').

use std::process::Command;

#[test]
fn the_driver_keeps_the_contract() {
    let driver = env!("CARGO_BIN_EXE_shelf");
    let kit = Command::new("onitu").args(["driver", "test", driver, "--options", "options.yaml"]).output();
    let kit = kit.expect("the kit is there: pip install 'onitu[conformance]'");
    println!("{}", String::from_utf8_lossy(&kit.stdout));
    assert!(kit.status.success(), "{}", String::from_utf8_lossy(&kit.stderr));
}
