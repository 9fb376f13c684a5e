//! Measures archives: `bench_archive fill|export|import FOLDER [acbak]`.

use std::time::Instant;

use specstar::app::SpecStar;
use specstar::backup::{ArchiveFormat, ExportOptions, ImportOptions};
use specstar::datetime::Timestamp;
use specstar::prelude::*;
use specstar::store::SqliteOptions;

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
struct Note {
    #[indexed]
    title: String,
    #[unique]
    code: String,
    text: String,
    #[serde(default)]
    file: Option<Blob>,
}

fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default().to_owned();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) / 1024
}

#[tokio::main]
async fn main() -> specstar::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (mode, folder) = (arguments.next().expect("a mode"), arguments.next().expect("a folder"));
    let format =
        if arguments.next().as_deref() == Some("acbak") { ArchiveFormat::Acbak } else { ArchiveFormat::Ssb };
    let copy = format!("{folder}/copy-{format:?}.db");
    let database = if mode == "import" { copy } else { format!("{folder}/source.db") };
    // As the command line opens it: what is read once is not mapped into the memory of the process.
    let options = SqliteOptions { mapped_bytes: 0, ..SqliteOptions::new(database) };
    let app =
        SpecStar::builder().open_access().sqlite_with(options).resources(resources![Note]).build().await?;
    let path = format!("{folder}/{format:?}");
    match mode.as_str() {
        "fill" => {
            let notes = app.repository::<Note>();
            let mut state = 1_u64;
            let mut random = move || {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state
            };
            let blobs = app.blobs()?.clone();
            let mut tasks = tokio::task::JoinSet::new();
            for number in 0..200_000_u64 {
                let words = (0..100).map(|_| format!("{:x}", random())).collect::<Vec<_>>().join(" ");
                let file = if number % 400 == 0 {
                    let bytes: Vec<u8> =
                        (0..262_144).flat_map(|_| random().to_le_bytes()).take(1_300_000).collect();
                    let record = blobs.store_bytes(bytes.into(), None, Timestamp::now()).await?;
                    Some(Blob::stored(record.file_id))
                } else {
                    None
                };
                let note = Note {
                    title: format!("note {}", number % 1000),
                    code: number.to_string(),
                    text: words,
                    file,
                };
                let notes = notes.clone();
                tasks.spawn(async move { notes.create(&note).await.map(|_| ()) });
                if tasks.len() > 500 {
                    tasks.join_next().await.expect("one").expect("no panic")?;
                }
            }
            while let Some(done) = tasks.join_next().await {
                done.expect("no panic")?;
            }
        }
        "export" => {
            let start = Instant::now();
            let file = std::fs::File::create(&path).expect("a file");
            let report =
                app.backup().export(file, ExportOptions { format, ..ExportOptions::default() }).await?;
            println!(
                "export {format:?}: {} MiB in {:.1} s, peak {} MiB",
                report.bytes >> 20,
                start.elapsed().as_secs_f64(),
                peak()
            );
        }
        _ => {
            let start = Instant::now();
            let report = app.backup().import(&path, ImportOptions::default()).await?;
            println!(
                "import {format:?}: {} MiB, {:?} in {:.1} s, peak {} MiB",
                report.bytes >> 20,
                report.models["note"].resources,
                start.elapsed().as_secs_f64(),
                peak()
            );
        }
    }
    app.close().await
}
