//! Results, as a table for people or as JSON for scripts.

use std::io::{self, Write};
use std::time::Duration;

use clap::ValueEnum as _;
use serde_json::{Value, json};

use crate::disk::Synced;
use crate::figures::Figures;
use crate::workload::Measured;

/// Writes a markdown table and, below it, what went wrong.
pub(crate) fn table(out: &mut impl Write, results: &[Measured]) -> io::Result<()> {
    let with_server = results.iter().any(|measured| measured.server.is_some());
    let with_own = results.iter().any(|measured| measured.own_cpu.is_some());
    write!(out, "| what | connections | requests/s | p50 / p99 / max ms | errors |")?;
    write!(out, "{}", if with_own { " generator CPU ms |" } else { "" })?;
    writeln!(out, "{}", if with_server { " server CPU ms | server MiB before / after / peak |" } else { "" })?;
    let columns = 5 + usize::from(with_own) + 2 * usize::from(with_server);
    writeln!(out, "|---|{}", "---:|".repeat(columns - 1))?;
    for measured in results {
        row(out, measured)?;
    }
    let peaks = results.iter().filter_map(|measured| measured.server.as_ref()).map(|used| used.whole_peak_kib);
    if let Some(peak) = peaks.max() {
        writeln!(out, "\nThe most resident memory of all, preparing and tidying included: {:.1} MiB.", mib(peak))?;
    }
    for measured in results.iter().filter(|measured| measured.figures.failed() > 0) {
        writeln!(out, "\nErrors of {}:\n", name(measured))?;
        for (complaint, count) in &measured.figures.complaints {
            writeln!(out, "- {count} times: {complaint}")?;
        }
    }
    Ok(())
}

fn row(out: &mut impl Write, measured: &Measured) -> io::Result<()> {
    let figures = &measured.figures;
    let (name, connections, failed) = (name(measured), measured.connections, figures.failed());
    write!(out, "| {name} | {connections} | {:.0} | {} | {failed} |", figures.per_second, latencies(figures))?;
    if let Some(cpu) = measured.own_cpu {
        write!(out, " {:.3} |", millis(cpu))?;
    }
    if let Some(used) = &measured.server {
        let [before, after, peak] = [used.before_kib, used.after_kib, used.peak_kib].map(mib);
        write!(out, " {:.3} | {before:.1} / {after:.1} / {peak:.1} |", millis(used.cpu))?;
    }
    writeln!(out)
}

/// The same as one JSON array.
pub(crate) fn json(out: &mut impl Write, results: &[Measured]) -> io::Result<()> {
    let rows: Vec<Value> = results.iter().map(as_json).collect();
    writeln!(out, "{}", Value::Array(rows))
}

fn as_json(measured: &Measured) -> Value {
    let figures = &measured.figures;
    json!({
        "workload": name(measured),
        "connections": measured.connections,
        "requests": figures.count,
        "seconds": figures.seconds,
        "requestsPerSecond": figures.per_second,
        "p50Ms": figures.p50_ms,
        "p99Ms": figures.p99_ms,
        "maxMs": figures.max_ms,
        "errors": figures.complaints,
        "generatorCpuMs": measured.own_cpu.map(millis),
        "server": measured.server.as_ref().map(|used| json!({
            "cpuMs": millis(used.cpu),
            "rssBeforeKib": used.before_kib,
            "rssAfterKib": used.after_kib,
            "rssPeakKib": used.peak_kib,
            "rssPeakWithPreparingKib": used.whole_peak_kib,
        })),
    })
}

/// Writes what the disk does, as a sentence or as JSON.
pub(crate) fn sync(out: &mut impl Write, synced: &Synced, as_json: bool) -> io::Result<()> {
    let Synced { appended, in_place } = synced;
    if as_json {
        let value = |figures: &Figures| {
            let Figures { count, p50_ms, p99_ms, max_ms, .. } = figures;
            json!({"writes": count, "p50Ms": p50_ms, "p99Ms": p99_ms, "maxMs": max_ms})
        };
        return writeln!(out, "{}", json!({"appended": value(appended), "inPlace": value(in_place)}));
    }
    let (at_end, over) = (latencies(appended), latencies(in_place));
    writeln!(
        out,
        "A synced write of 4 KiB takes {over} ms in place and {at_end} ms at the end of a file (p50 / p99 / max)."
    )
}

fn name(measured: &Measured) -> String {
    measured.workload.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

/// p50, p99 and the maximum with three significant digits or so.
fn latencies(figures: &Figures) -> String {
    [figures.p50_ms, figures.p99_ms, figures.max_ms]
        .map(|value| if value < 10.0 { format!("{value:.2}") } else { format!("{value:.0}") })
        .join(" / ")
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::Tally;
    use crate::workload::{Used, Workload};

    fn measured() -> Measured {
        let mut tally = Tally::default();
        tally.succeed(Duration::from_micros(1500));
        tally.complain("403 Forbidden".to_owned());
        Measured {
            workload: Workload::Upload1k,
            connections: 64,
            figures: tally.figures(Duration::from_millis(10)),
            own_cpu: Some(Duration::from_micros(20)),
            server: Some(Used {
                cpu: Duration::from_micros(250),
                before_kib: 2048,
                after_kib: 3072,
                peak_kib: 4096,
                whole_peak_kib: 5120,
            }),
        }
    }

    #[test]
    fn writes_a_table() {
        let mut out = Vec::new();
        table(&mut out, &[measured()]).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "| what | connections | requests/s | p50 / p99 / max ms | errors | generator CPU ms | server CPU ms | \
             server MiB before / after / peak |\n|---|---:|---:|---:|---:|---:|---:|---:|\n\
             | upload-1k | 64 | 100 | 1.50 / 1.50 / 1.50 | 1 | 0.020 | 0.250 | 2.0 / 3.0 / 4.0 |\n\n\
             The most resident memory of all, preparing and tidying included: 5.0 MiB.\n\n\
             Errors of upload-1k:\n\n- 1 times: 403 Forbidden\n"
        );
    }

    #[test]
    fn writes_json() {
        let mut out = Vec::new();
        json(&mut out, &[measured()]).unwrap();
        let value: Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(value.pointer("/0/server/rssPeakKib"), Some(&json!(4096)));
        assert_eq!(value.pointer("/0/errors/403 Forbidden"), Some(&json!(1)));
    }
}
