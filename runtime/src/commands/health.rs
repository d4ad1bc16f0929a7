//! `health`: asks a running worker whether it is ready, for a container's health check.

use std::{
    io::{Read, Write, stdout},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    process::ExitCode,
    time::Duration,
};

use anyhow::Context;

use crate::{
    Component,
    settings::{Reader, Source},
    telemetry::HttpAddress,
};

/// The longest wait to connect, and for the answer.
const TIMEOUT: Duration = Duration::from_secs(3);
/// The most bytes of an answer that are read.
const MAX_ANSWER: u64 = 16 * 1024;

/// Asks `/readyz`; prints the answer on one line. The exit code is 0 if the worker is ready or serves no health, else 1.
pub(crate) fn run<C: Component>() -> ExitCode {
    let (line, code) = match ask::<C>() {
        Ok((true, line)) => (line, ExitCode::SUCCESS),
        Ok((false, line)) => (format!("not ready: {line}"), ExitCode::FAILURE),
        Err(error) => (format!("not ready: {error:#}"), ExitCode::FAILURE),
    };
    // There is nowhere else to say it.
    let _ = writeln!(stdout(), "{line}");
    code
}

fn ask<C: Component>() -> anyhow::Result<(bool, String)> {
    let variable = C::INFO.http_address.context("this component serves no health")?;
    let source = Source::from_process(C::INFO.known())?;
    let mut reader = Reader::new(&source);
    let at = HttpAddress::read(&mut reader, Some(variable));
    let Some(HttpAddress { address, .. }) = reader.finish(at)? else {
        // An image's health check is the same with and without the setting.
        return Ok((true, format!("nothing to ask: {} is not set", variable.name)));
    };
    let address = reachable(address);
    let answer = get(address).with_context(|| format!("no answer from {address}"))?;
    let (head, body) = answer.split_once("\r\n\r\n").context("the answer is not HTTP")?;
    let status = head.split(' ').nth(1).unwrap_or_default();
    Ok((status == "200", body.lines().next().unwrap_or_default().to_owned()))
}

/// The address to connect to: one that is bound on all interfaces is reached on this machine.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

fn get(address: SocketAddr) -> std::io::Result<String> {
    let mut socket = TcpStream::connect_timeout(&address, TIMEOUT)?;
    socket.set_read_timeout(Some(TIMEOUT))?;
    socket.set_write_timeout(Some(TIMEOUT))?;
    socket.write_all(format!("GET /readyz HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").as_bytes())?;
    let mut answer = String::new();
    socket.take(MAX_ANSWER).read_to_string(&mut answer)?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_on_all_interfaces_is_asked_on_this_machine() {
        for (given, asked) in [
            ("0.0.0.0:9464", "127.0.0.1:9464"),
            ("[::]:9464", "[::1]:9464"),
            ("127.0.0.2:1", "127.0.0.2:1"),
            ("192.0.2.7:9464", "192.0.2.7:9464"),
        ] {
            let address = given.parse().expect("an address");
            assert_eq!(reachable(address).to_string(), asked);
        }
    }
}
