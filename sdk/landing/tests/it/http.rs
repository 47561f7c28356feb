//! Landing over HTTP, against a server of a few lines.
use std::io::{Read, Write};
use std::net::TcpListener;

use meshwright_landing::ErrorKind;

use crate::support::{Place, attempt, block_on, csv, source};

/// Answers every request by its path, until the test ends.
fn serve(answer: impl Fn(&str) -> Vec<u8> + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            let mut piece = [0; 1024];
            while !request.ends_with(b"\r\n\r\n") {
                match stream.read(&mut piece) {
                    Ok(read) if read > 0 => request.extend_from_slice(&piece[..read]),
                    _ => break,
                }
            }
            let _ = stream.write_all(&answer(&String::from_utf8_lossy(&request)));
        }
    });
    address
}

fn ok(body: &str, announced: usize) -> Vec<u8> {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nETag: \"v1\"\r\nLast-Modified: Wed, 01 May 2024 00:00:00 GMT\r\n\
         Content-Length: {announced}\r\nConnection: close\r\n\r\n{body}"
    )
    .into_bytes()
}

#[test]
fn an_answer_is_landed_and_its_headers_are_logged_without_secrets() {
    let address = serve(|request| {
        assert!(request.starts_with("GET /data/co2.csv?token=geheim&x=a%20b HTTP/1.1\r\n"), "{request}");
        assert!(request.to_lowercase().contains("authorization: basic"), "{request}");
        ok("x\n1\n", 4)
    });
    let place = Place::new();
    let source = source(csv(), &[&format!("http://me:passwort@{address}/data/co2.csv?token=geheim&x=a%20b")]);
    let collected = block_on(place.landing.collect(&source, place.path(), &attempt())).unwrap();
    let resource = &collected.resources[0];
    assert_eq!((resource.name.as_str(), resource.bytes), ("co2.csv", 4));
    assert_eq!(std::fs::read(&resource.path).unwrap(), b"x\n1\n");
    let row = &collected.attempts[0];
    assert_eq!(
        (row.status, row.etag.as_deref(), row.media_type.as_deref()),
        (Some(200), Some("\"v1\""), Some("text/csv"))
    );
    assert_eq!(row.last_modified.as_deref(), Some("Wed, 01 May 2024 00:00:00 GMT"));
    for text in [place.log(), resource.location.clone()] {
        assert!(!text.contains("geheim") && !text.contains("passwort"), "{text}");
    }
}

fn failing(location: &str) -> (Place, ErrorKind, &'static str, String) {
    let place = Place::new();
    let source = source(csv(), &[location]);
    let error = block_on(place.landing.collect(&source, place.path(), &attempt())).unwrap_err();
    assert!(place.objects().is_empty());
    assert_eq!(std::fs::read_dir(place.landing.root().join("arriving")).unwrap().count(), 0);
    let row: serde_json::Value = serde_json::from_str(&place.log()).unwrap();
    assert!(row["error"].is_string() && row["sha256"].is_null(), "{row}");
    let (code, message) = (error.diagnostics[0].code, error.diagnostics[0].message.clone());
    (place, error.kind, code, message)
}

#[test]
fn refusals_leave_a_log_row_and_no_object() {
    let address = serve(|request| {
        let status = if request.contains("/secret") { "403 Forbidden" } else { "404 Not Found" };
        format!("HTTP/1.1 {status}\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno").into_bytes()
    });
    let (_, kind, code, message) = failing(&format!("http://{address}/gone.csv"));
    assert_eq!((kind, code), (ErrorKind::NotFound, "M0309"), "{message}");
    let (place, kind, code, message) = failing(&format!("http://{address}/secret.csv"));
    assert_eq!((kind, code), (ErrorKind::Denied, "M0307"), "{message}");
    assert!(place.log().contains("\"status\":403"));
}

#[test]
fn an_address_where_nobody_listens_is_unavailable() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (_, kind, code, message) = failing(&format!("http://{address}/x.csv"));
    assert_eq!((kind, code), (ErrorKind::Unavailable, "M0307"));
    assert!(message.to_lowercase().contains("refused"), "{message}");
}

#[test]
fn a_body_that_breaks_off_is_no_delivery() {
    let address = serve(|_| ok("x\n1\n", 400));
    let (_, kind, code, message) = failing(&format!("http://{address}/x.csv"));
    assert_eq!((kind, code), (ErrorKind::Unavailable, "M0307"), "{message}");
}

#[test]
fn a_server_that_recovers_is_asked_again() {
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let address = serve(move |_| match asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
        0 => b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_vec(),
        _ => ok("x\n1\n", 4),
    });
    let place = Place::new();
    let source = source(csv(), &[&format!("http://{address}/x.csv")]);
    let collected = block_on(place.landing.collect(&source, place.path(), &attempt())).unwrap();
    assert_eq!(collected.resources.len(), 1);
}
