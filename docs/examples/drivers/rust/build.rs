//! Makes the module `contract` of the files in `proto`, without protoc.

use prost::Message;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=proto");
    let files = protox::compile(["onitu/driver/v1/driver.proto"], ["proto"])?;
    let described = std::path::Path::new(&std::env::var("OUT_DIR")?).join("contract.bin");
    std::fs::write(described, files.encode_to_vec())?;
    tonic_prost_build::configure()
        .build_client(false)
        .generate_default_stubs(true) // A call that the driver does not have answers UNIMPLEMENTED.
        .compile_fds(files)?;
    Ok(())
}
