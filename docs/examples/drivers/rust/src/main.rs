//! A driver of Onitu: it keeps a directory of this machine in sync.
//!
//! This file is its life; `driver` answers the calls, `folder` is the directory, `watch` tells of changes.

mod driver;
mod folder;
mod watch;

use std::error::Error;
use std::io::{self, BufRead, Read};

use tokio::net::{TcpListener, UnixListener};
use tokio_stream::wrappers::{TcpListenerStream, UnixListenerStream};
use tonic::service::InterceptorLayer;
use tonic::transport::Server;
use tonic::{Request, Status};

/// The contract, made of `proto` by build.rs.
#[allow(clippy::all)]
pub mod contract {
    tonic::include_proto!("onitu.driver.v1");
}

const DESCRIBED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/contract.bin"));

#[tokio::main]
async fn main() {
    if let Err(error) = serve().await {
        eprintln!(r#"{{"level": "error", "event": "service_failed", "reason": {:?}}}"#, error.to_string());
        std::process::exit(1);
    }
}

/// Serves at the address that Onitu names, until Onitu closes stdin, over which it hands a token first.
async fn serve() -> Result<(), Box<dyn Error>> {
    let mut token = String::new();
    io::stdin().lock().read_line(&mut token)?;
    let Ok(address) = std::env::var("ONITU_DRIVER_LISTEN") else {
        return Err("a driver is started by Onitu, which says where to listen and hands over a token".into());
    };
    std::thread::spawn(|| {
        let _ = io::stdin().lock().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    let authorization = format!("Bearer {}", token.trim());
    let guard = move |request: Request<()>| match request.metadata().get("authorization") {
        Some(given) if same(given.as_bytes(), authorization.as_bytes()) => Ok(request),
        _ => Err(Status::unauthenticated("the call does not carry the token of this driver")),
    };
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter.set_serving::<contract::driver_server::DriverServer<driver::Driver>>().await;
    let described = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(DESCRIBED)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let server = Server::builder()
        .http2_max_pending_accept_reset_streams(Some(1_000)) // Calls that Onitu gives up are no attack.
        .layer(InterceptorLayer::new(guard))
        .add_service(contract::driver_server::DriverServer::new(driver::Driver::default()))
        .add_service(health)
        .add_service(described().build_v1()?)
        .add_service(described().build_v1alpha()?);
    match address.strip_prefix("unix:") {
        Some(path) => server.serve_with_incoming(UnixListenerStream::new(UnixListener::bind(path)?)).await?,
        None => server.serve_with_incoming(TcpListenerStream::new(TcpListener::bind(address).await?)).await?,
    }
    Ok(())
}

/// Compares in a time that does not tell how much is equal.
fn same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |found, (a, b)| found | (a ^ b)) == 0
}
