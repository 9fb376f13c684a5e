use futures_util::TryStreamExt;

use super::*;

const LIMITS: Limits = Limits { size: 1_000, idle: Duration::from_millis(200), raw: true };

fn headers(content_type: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if !content_type.is_empty() {
        headers.insert(header::CONTENT_TYPE, content_type.parse().expect("a header value"));
    }
    headers
}

/// The body in pieces of this many bytes.
fn in_pieces(body: &[u8], size: usize) -> Body {
    let pieces: Vec<_> =
        body.chunks(size).map(|piece| Ok::<_, std::io::Error>(Bytes::copy_from_slice(piece))).collect();
    Body::from_stream(stream::iter(pieces))
}

async fn read(content_type: &str, body: Body, limits: Limits) -> Result<(Option<String>, Vec<u8>)> {
    let content = content(&headers(content_type), body, limits).await?;
    let bytes: Vec<Bytes> = content.bytes.try_collect().await?;
    Ok((content.content_type, bytes.concat()))
}

async fn form(text: &str) -> Result<(Option<String>, Vec<u8>)> {
    read("multipart/form-data; boundary=B", in_pieces(text.as_bytes(), 7), LIMITS).await
}

fn part(name: &str, data: &str) -> String {
    format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"f\"\r\n\r\n{data}\r\n")
}

fn status(result: Result<(Option<String>, Vec<u8>)>) -> (u16, String) {
    let error = result.expect_err("it is refused");
    (error.kind().row().status, error.to_string())
}

#[tokio::test]
async fn the_part_file_is_the_file_wherever_it_stands() {
    for text in [
        format!("{}--B--\r\n", part("file", "a\r\n--b")),
        format!("preamble\r\n{}{}--B--\r\nepilogue", part("note", "x"), part("file", "a\r\n--b")),
        format!("{}{}--B--", part("file", "a\r\n--b"), part("note", "x")),
    ] {
        assert_eq!(form(&text).await.expect("a form").1, b"a\r\n--b", "{text}");
    }
}

#[tokio::test]
async fn pieces_of_any_size_make_the_same_file() {
    let text = format!("{}--B--\r\n", part("file", &"\r\n--x".repeat(100)));
    for size in 1..=64 {
        let body = in_pieces(text.as_bytes(), size);
        let read = read("multipart/form-data; boundary=B", body, LIMITS).await;
        assert_eq!(read.expect("a form").1, "\r\n--x".repeat(100).as_bytes(), "pieces of {size}");
    }
}

#[tokio::test]
async fn a_form_that_comes_in_one_large_piece_is_read() {
    let limits = Limits { size: 1 << 20, ..LIMITS };
    let file = "x".repeat(500_000);
    let text = format!("{}{}--B--\r\n", part("file", &file), part("note", "y"));
    let body = Body::from(text);
    let read = read("multipart/form-data; boundary=B", body, limits).await.expect("a form");
    assert!(read.1 == file.as_bytes(), "{} bytes", read.1.len());
}

#[tokio::test]
async fn forms_that_are_none_are_refused() {
    for (text, expected) in [
        (part("zzz", "x") + "--B--", "no part `file`"),
        (part("file", "x") + &part("file", "y") + "--B--", "several parts"),
        (part("file", "x"), "cannot be read"),
        ("--B\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nxyz".into(), "cannot be read"),
        ("--B--".into(), "no part `file`"),
        (String::new(), "cannot be read"),
        ("no form at all".into(), "cannot be read"),
    ] {
        let (status, said) = status(form(&text).await);
        assert_eq!(status, 422, "{text}: {said}");
        assert!(said.contains(expected), "{text}: {said}");
    }
    let (status, said) = status(read("multipart/form-data", Body::empty(), LIMITS).await);
    assert_eq!((status, said.contains("no boundary")), (422, true), "{said}");
}

#[tokio::test]
async fn headers_without_an_end_are_given_up() {
    for start in ["--B\r\nX: ".to_owned(), part("note", "").trim_end().to_owned() + "\r\n\r\n", String::new()]
    {
        let endless = stream::once(async move { Bytes::from(start) })
            .chain(stream::repeat(Bytes::from_static(&[b'x'; 1024])))
            .map(Ok::<_, std::io::Error>);
        let limits = Limits { size: u64::MAX, ..LIMITS };
        let read = read("multipart/form-data; boundary=B", Body::from_stream(endless), limits).await;
        let (status, said) = status(read);
        assert_eq!((status, said.contains("are not the part `file`")), (422, true), "{said}");
    }
}

#[tokio::test]
async fn a_file_that_is_too_long_is_refused_with_the_limit() {
    let exact = format!("{}--B--", part("file", &"x".repeat(1_000)));
    assert_eq!(form(&exact).await.expect("it fits").1.len(), 1_000);
    let longer = format!("{}--B--", part("file", &"x".repeat(1_001)));
    assert_eq!(status(form(&longer).await), (413, "the body is longer than 1000 bytes".into()));
    let raw = read("image/png", in_pieces(&[0; 1_001], 100), LIMITS).await;
    assert_eq!(status(raw).0, 413);
    // Without an end, it is given up as soon as it is too long.
    let start = part("file", "").trim_end().to_owned() + "\r\n\r\n";
    let endless = stream::once(async move { Bytes::from(start) })
        .chain(stream::repeat(Bytes::from_static(&[b'x'; 1024])))
        .map(Ok::<_, std::io::Error>);
    let endless = read("multipart/form-data; boundary=B", Body::from_stream(endless), LIMITS).await;
    assert_eq!(status(endless).0, 413);
}

#[tokio::test]
async fn a_declared_length_beyond_the_limit_is_refused_before_a_byte_is_read() {
    let mut headers = headers("multipart/form-data; boundary=B");
    headers.insert(header::CONTENT_LENGTH, "1000000".parse().expect("a header value"));
    let never = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
    let refused = content(&headers, never, LIMITS).await.err().expect("it is refused");
    assert_eq!(refused.kind().row().status, 413);
}

#[tokio::test]
async fn a_body_may_be_the_file_where_that_is_allowed() {
    let body = || in_pieces(b"raw", 2);
    let (content_type, bytes) = read("image/png", body(), LIMITS).await.expect("it may");
    assert_eq!((content_type.as_deref(), &*bytes), (Some("image/png"), &b"raw"[..]));
    assert_eq!(read("", body(), LIMITS).await.expect("it may"), (None, b"raw".to_vec()));
    assert_eq!(status(read("application/x-www-form-urlencoded", body(), LIMITS).await).0, 422);
    let strict = Limits { raw: false, ..LIMITS };
    for content_type in ["image/png", "application/json", ""] {
        assert_eq!(status(read(content_type, body(), strict).await).0, 422, "{content_type}");
    }
}

#[tokio::test]
async fn a_body_that_breaks_or_stops_is_given_up() {
    let start = part("file", "beginning");
    for content_type in ["multipart/form-data; boundary=B", "image/png"] {
        let first = || stream::iter([Bytes::from(start.clone())]).map(Ok::<_, std::io::Error>);
        let cut = first().chain(stream::once(async { Err(std::io::Error::other("cut")) }));
        assert_eq!(status(read(content_type, Body::from_stream(cut), LIMITS).await).0, 400);
        let silent = first().chain(stream::pending());
        let (status, said) = status(read(content_type, Body::from_stream(silent), LIMITS).await);
        assert_eq!((status, said.contains("nothing of the body")), (400, true), "{said}");
    }
}
