//! What a stranger may send: refused, and at once.

use std::time::{Duration, Instant};

use crate::datetime::Timestamp;
use crate::qb::{self, Context};
use crate::query::UnindexedPolicy;
use crate::query::fixture::SPECIMEN;

fn is_refused(source: &str) -> bool {
    let context = Context { unindexed: UnindexedPolicy::Warn, ..Context::at(Timestamp(0)) };
    let checked = qb::parse_at(source, context.now).and_then(|query| query.check(&SPECIMEN, &context));
    checked.is_err()
}

/// Runs on half the stack of a worker thread; without optimisation, frames are several times as large.
fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(1024 * 1024).spawn(test).expect("a thread");
    thread.join().expect("it does not overflow");
}

#[test]
fn nesting_is_bounded_in_every_direction() {
    on_a_small_stack(|| {
        let nested = |open: &str, inner: &str, close: &str, depth: usize| {
            format!("{}{inner}{}", open.repeat(depth), close.repeat(depth))
        };
        for (open, inner, close) in [
            ("(", "QB.all()", ")"),
            ("[", "", "]"),
            ("~", "QB['age']", ""),
            ("-", "1", ""),
            ("QB.all(", "QB['age']", ")"),
            ("QB['age'].filter(", "QB['age']", ")"),
            ("QB['age'].eq(", "1", ")"),
            ("QB['age'] == (1 + ", "1", ")"),
            ("QB['age'] | QB['age'] & QB['age'] << (1 * -", "1", ")"),
            ("QB[", "'age'", "]"),
        ] {
            for depth in [65, 200, 700] {
                let source = nested(open, inner, close, depth);
                assert!(is_refused(&source), "{open} {depth}");
            }
        }
        // As deep as it may be, and as flat.
        assert!(!is_refused(&nested("(", "QB['age']", ")", 63)));
        assert!(!is_refused(&nested("~(", "QB['age'] > 1", ")", 31)));
        assert!(!is_refused(&vec!["QB['age']"; 128].join(" | ")));
        assert!(!is_refused(&format!("QB['age']{}", ".or_(QB['age']).and_(QB['name'])".repeat(60))));
    });
}

#[test]
fn every_limit_holds() {
    let conditions = |count: usize| vec!["QB.x()"; count].join("|").replace("x()", "is_deleted().is_null()");
    let list = |count: usize| format!("QB['age'].in_([{}])", vec!["1"; count].join(","));
    let text = |count: usize| format!("QB['name'] == '{}'", "é".repeat(count));
    let sorts = |count: usize| format!("QB.all().sort({})", vec!["'age'"; count].join(","));
    let length = |count: usize| format!("QB.all(){}", " ".repeat(count - 8));
    let pattern = |count: usize| format!("QB['name'].regex('{}')", "a".repeat(count));
    let tokens = |count: usize| format!("QB['age'] == {}1", "+".repeat(count));
    for (refused, accepted) in [
        (conditions(257), conditions(200)),
        (list(1001), list(1000)),
        (text(4097), text(4096)),
        (sorts(17), sorts(16)),
        (length(8193), length(8192)),
        (pattern(1001), pattern(1000)),
        (vec!["QB['name'].regex('a')"; 17].join("|"), vec!["QB['name'].regex('a')"; 16].join("|")),
        (vec!["QB['name'].icontains('a')"; 65].join("|"), vec!["QB['name'].icontains('a')"; 64].join("|")),
        (tokens(65), tokens(64)),
        (["QB['name'] == 'a' 'b'"; 2].join("+") + &" 'c'".repeat(2_000), "QB['name'] == 'a' 'b'".to_owned()),
    ] {
        assert!(is_refused(&refused), "{}", &refused[..60.min(refused.len())]);
        assert!(!is_refused(&accepted), "{}", &accepted[..60.min(accepted.len())]);
    }
}

#[test]
fn nothing_of_a_host_language_is_reachable() {
    for source in [
        "__import__('os').system('id')",
        "().__class__.__bases__[0].__subclasses__()",
        "QB.__init__.__globals__",
        "QB['a'].length.__self__",
        "QB['a'].eq.__func__",
        "dt.sys.modules",
        "dt.datetime.__class__",
        "[c for c in ()]",
        "lambda: 0",
        "exec('x')",
        "globals()",
        "f'{QB}'",
        "b'x'",
        "(x := 1)",
        "*QB",
        "QB['age'] if True else QB['name']",
        "QB['age'] == '%s' % 1",
        "QB['name'] == 'a' * 1000000000",
        "QB.created_time() > dt.datetime(2024, 1, 1) + dt.timedelta(days=1e300, seconds=1e300)",
        "QB.created_time() > dt.datetime(2024, 1, 1) + dt.timedelta(days=1e300, seconds=-1e300)",
        "QB['moments'] == [None, 'no time']",
        "QB['age'] == 10 ** 10",
        "QB['age'] == 1 << 100",
        "QB['age'] == [1] * 3",
        "QB['a']\nQB['b']",
        "QB['a'] \\\n == 1",
        "\u{feff}QB.all()",
        "QB\u{200b}.all()",
        "QB\u{a0}.all()",
        "QB['a\0']",
        "QB['a\\\0'] == 1",
        "QB[r'a\\\0'] == 1",
        "ＱＢ['age']",
    ] {
        assert!(is_refused(source), "{source:?}");
    }
}

#[test]
fn heavy_ones_are_refused_at_once() {
    let hostile = [
        "(".repeat(8192),
        "QB['name'].regex('(?:a{100}){100}')|".repeat(200),
        "QB['name'].regex('\\w{900}')".to_owned(),
        vec!["QB['name'].regex('\\w{20}')"; 65].join("|"),
        format!("QB['age'] == {}", "9".repeat(8000)),
        format!("QB['age'] == {}", "1+".repeat(2000)),
        format!("QB['name'] == {}", "'a'+".repeat(1500)),
        "\\".repeat(8192),
        "'".repeat(8191),
        "#".repeat(8192),
    ];
    for source in hostile {
        let start = Instant::now();
        assert!(is_refused(&source));
        // Without optimisation, on a busy machine; a server needs a hundredth of it.
        assert!(start.elapsed() < Duration::from_secs(5), "{}", &source[..40]);
    }
}
