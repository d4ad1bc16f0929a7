//! Each toxic over real sockets, between a client and a server that echoes.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

use super::{Proxy, Toxic, Way};
use crate::arrivals::Arrivals;
use crate::wait::until;

const BOUND: Duration = Duration::from_secs(10);
/// Long enough to see that nothing comes.
const QUIET: Duration = Duration::from_millis(100);

/// A proxy in front of a server that echoes, and what the server has seen: `None` for the end of a connection.
async fn echo() -> Result<(Proxy, Arrivals<Option<u8>>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let proxy = Proxy::start(listener.local_addr()?.to_string()).await?;
    let seen = Arrivals::default();
    let list = seen.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let list = list.clone();
            tokio::spawn(async move {
                while let Ok(byte) = stream.read_u8().await {
                    list.push(Some(byte));
                    let _ = stream.write_u8(byte).await;
                }
                list.push(None);
            });
        }
    });
    Ok((proxy, seen))
}

/// A connection over which a first byte went there and back.
async fn connected(proxy: &Proxy) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(proxy.address()).await?;
    ask(&mut stream, b'#').await?;
    Ok(stream)
}

/// Sends a byte and awaits it.
async fn ask(stream: &mut TcpStream, byte: u8) -> Result<()> {
    stream.write_u8(byte).await?;
    ensure!(timeout(BOUND, stream.read_u8()).await?? == byte, "another byte came back");
    Ok(())
}

/// Nothing comes, and the connection stays.
async fn ensure_quiet(stream: &mut TcpStream) -> Result<()> {
    ensure!(timeout(QUIET, stream.read_u8()).await.is_err(), "something came");
    Ok(())
}

#[tokio::test]
async fn latency_and_bandwidth_slow_one_way_down() -> Result<()> {
    let (proxy, _) = echo().await?;
    let mut stream = connected(&proxy).await?;
    let latency = proxy.set("", Way::ToClient, Toxic::Latency(QUIET));
    let begin = Instant::now();
    ask(&mut stream, 1).await?;
    ensure!(begin.elapsed() >= QUIET, "it came after {:?}", begin.elapsed());
    latency.lift();
    // Two bytes a twentieth of a second.
    proxy.set("", Way::ToServer, Toxic::Bandwidth(40));
    let begin = Instant::now();
    stream.write_all(&[7; 8]).await?;
    stream.read_exact(&mut [0; 8]).await?;
    ensure!(begin.elapsed() >= Duration::from_millis(200), "it came after {:?}", begin.elapsed());
    Ok(())
}

#[tokio::test]
async fn what_is_held_on_a_named_connection_passes_once_it_is_lifted() -> Result<()> {
    let (proxy, seen) = echo().await?;
    let (mut named, mut other) = (connected(&proxy).await?, connected(&proxy).await?);
    ask(&mut named, b'N').await?;
    let gate = proxy.set("N", Way::ToServer, Toxic::HoldAfter(1));
    named.write_all(&[1, 2, 3]).await?;
    until("the bytes at the gate", BOUND, async || Ok((gate.met() == 2).then_some(()))).await?;
    ask(&mut other, 9).await?;
    ensure!(!seen.all().contains(&Some(2)), "it passed");
    gate.lift();
    let mut answer = [0; 3];
    timeout(BOUND, named.read_exact(&mut answer)).await??;
    assert_eq!(answer, [1, 2, 3]);
    Ok(())
}

#[tokio::test]
async fn a_black_hole_takes_one_way_and_leaves_no_gap_behind() -> Result<()> {
    let (proxy, seen) = echo().await?;
    let mut stream = connected(&proxy).await?;
    let hole = proxy.set("", Way::ToClient, Toxic::BlackHole);
    stream.write_u8(1).await?;
    seen.wait_for(2, "bytes at the server", BOUND).await?;
    ensure_quiet(&mut stream).await?;
    hole.lift();
    stream.write_u8(2).await?;
    let error = timeout(BOUND, stream.read_u8()).await?.expect_err("a reset");
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    Ok(())
}

#[tokio::test]
async fn connections_are_closed_and_reset_after_some_bytes() -> Result<()> {
    for (toxic, kind) in
        [(Toxic::CloseAfter(2), ErrorKind::UnexpectedEof), (Toxic::ResetAfter(2), ErrorKind::ConnectionReset)]
    {
        let (proxy, seen) = echo().await?;
        let mut stream = connected(&proxy).await?;
        proxy.set("", Way::ToClient, toxic);
        ask(&mut stream, 1).await?;
        ask(&mut stream, 2).await?;
        stream.write_u8(3).await?;
        let error = timeout(BOUND, stream.read_u8()).await?.expect_err("the end");
        assert_eq!(error.kind(), kind, "{toxic:?}");
        seen.wait_until("the end at the server", BOUND, |seen| seen.contains(&None)).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_half_open_connection_ends_at_the_server_only() -> Result<()> {
    let (proxy, seen) = echo().await?;
    let mut stream = connected(&proxy).await?;
    proxy.half_open("#");
    seen.wait_until("the end at the server", BOUND, |seen| seen.contains(&None)).await?;
    stream.write_u8(1).await?;
    ensure_quiet(&mut stream).await?;
    proxy.reset("");
    let error = timeout(BOUND, stream.read_u8()).await?.expect_err("a reset");
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    Ok(())
}

#[tokio::test]
async fn connections_are_refused_while_there_is_no_server() -> Result<()> {
    let (proxy, _) = echo().await?;
    let mut stream = connected(&proxy).await?;
    for _ in 0..3 {
        proxy.refuse(true);
        let error = timeout(BOUND, stream.read_u8()).await?.expect_err("a reset");
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        until("a refusal", BOUND, async || {
            let refused = TcpStream::connect(proxy.address()).await.err();
            Ok(refused.filter(|error| error.kind() == ErrorKind::ConnectionRefused))
        })
        .await?;
        sleep(QUIET).await;
        proxy.refuse(false);
        stream = until("a new connection", BOUND, async || Ok(connected(&proxy).await.ok())).await?;
    }
    Ok(())
}
