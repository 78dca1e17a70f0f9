//! What a call costs: nothing but the breaker, beside its peers and a bare call.
//!
//! Group = case, function = subject; `cargo xtask bench patterns/circuit-breaker` turns them into `results/call.json`.
//! All subjects count failures over the last one hundred calls and open at one half. Slow-call detection is off where a
//! peer has none, and has rows of its own.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use circuit_breaker::{
    CircuitBreaker, CircuitBreakerLayer, Config, PreciseClock, Rate, SlidingWindow, State, Wait, scope,
};
use criterion::{BenchmarkGroup, Criterion, measurement::WallTime};
use failsafe::CircuitBreaker as _;
use recloser::{AsyncRecloser, Recloser};
use tokio::runtime::{Builder, Runtime};
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_resilience_circuitbreaker::{CircuitBreakerConfigBuilder, DefaultClassifier};

fn main() {
    let mut criterion = Criterion::default()
        .configure_from_args()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3))
        .sample_size(50);
    blocking(&mut criterion);
    two_threads(&mut criterion);
    futures(&mut criterion);
    services(&mut criterion);
    rejections(&mut criterion);
    features(&mut criterion);
    criterion.final_summary();
}

/// The counting that every peer does as well.
fn plain() -> Config {
    Config { slow_call_duration_threshold: None, wait_in_open_state: Wait::fixed(HOUR), ..Config::default() }
}

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

fn ours(config: Config) -> CircuitBreaker {
    let breaker = CircuitBreaker::new("bench", config).expect("the settings work");
    fill(|| breaker.call_blocking(call).is_ok());
    breaker
}

fn recloser() -> Recloser {
    let recloser = Recloser::custom().error_rate(0.5).closed_len(100).half_open_len(10).open_wait(HOUR).build();
    fill(|| recloser.call(call).is_ok());
    recloser
}

/// failsafe has no window of calls: its default policy is a success rate over thirty seconds, or five in a row.
fn failsafe() -> impl failsafe::CircuitBreaker {
    let breaker = failsafe::Config::new().build();
    fill(|| breaker.call(call).is_ok());
    breaker
}

fn tower_resilience() -> CircuitBreakerConfigBuilder<DefaultClassifier> {
    tower_resilience_circuitbreaker::CircuitBreakerLayer::builder()
        .failure_rate_threshold(0.5)
        .sliding_window_size(100)
        .minimum_number_of_calls(100)
        .permitted_calls_in_half_open(10)
        .wait_duration_in_open(HOUR)
}

/// The call inside: nothing, but nothing that the compiler can see through.
fn call() -> Result<u32, u32> {
    black_box(Ok(1))
}

/// A window is measured full, as it is for all but the first seconds of its life.
fn fill(mut call: impl FnMut() -> bool) {
    (0..1_000).for_each(|_| assert!(call()));
}

fn blocking(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("closed call, 1 thread");
    group.bench_function("bare call", |bencher| bencher.iter(call));
    let breaker = ours(plain());
    group.bench_function("circuit-breaker", |bencher| bencher.iter(|| breaker.call_blocking(call)));
    let recloser = recloser();
    group.bench_function("recloser", |bencher| bencher.iter(|| recloser.call(call)));
    let failsafe = failsafe();
    group.bench_function("failsafe", |bencher| bencher.iter(|| failsafe.call(call)));
    group.finish();
}

fn two_threads(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("closed call, 2 threads, one breaker");
    contended(&mut group, "bare call", || _ = black_box(call()));
    let breaker = ours(plain());
    contended(&mut group, "circuit-breaker", || _ = black_box(breaker.call_blocking(call)));
    let window = SlidingWindow::Time { buckets: 60, width: Duration::from_secs(1) };
    let timed = ours(Config { sliding_window: window, ..plain() });
    contended(&mut group, "circuit-breaker, time window", || _ = black_box(timed.call_blocking(call)));
    let recloser = recloser();
    contended(&mut group, "recloser", || _ = black_box(recloser.call(call)));
    let failsafe = failsafe();
    contended(&mut group, "failsafe", || _ = black_box(failsafe.call(call)));
    group.finish();
}

/// Time for each of two threads to make as many calls, divided by that number.
fn contended(group: &mut BenchmarkGroup<'_, WallTime>, subject: &str, call: impl Fn() + Sync) {
    group.bench_function(subject, |bencher| {
        bencher.iter_custom(|iterations| {
            let start = std::sync::Barrier::new(2);
            let run = || {
                start.wait();
                let began = Instant::now();
                (0..iterations).for_each(|_| call());
                began.elapsed()
            };
            std::thread::scope(|scope| {
                let other = scope.spawn(run);
                run().max(other.join().expect("it does not panic"))
            })
        })
    });
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().build().expect("a runtime can start")
}

fn futures(criterion: &mut Criterion) {
    let runtime = runtime();
    let mut group = criterion.benchmark_group("closed call, future");
    group.bench_function("bare call", |bencher| bencher.to_async(&runtime).iter(|| async { call() }));
    let breaker = ours(plain());
    group.bench_function("circuit-breaker", |bencher| {
        bencher.to_async(&runtime).iter(|| breaker.call(async { call() }));
    });
    let recloser = AsyncRecloser::from(recloser());
    group.bench_function("recloser", |bencher| {
        bencher.to_async(&runtime).iter(|| recloser.call(async { call() }));
    });
    let failsafe = failsafe::Config::new().build();
    group.bench_function("failsafe", |bencher| {
        bencher.to_async(&runtime).iter(|| failsafe::futures::CircuitBreaker::call(&failsafe, async { call() }));
    });
    group.finish();
}

fn services(criterion: &mut Criterion) {
    let healthy = || service_fn(|()| async { call() });
    for (case, threads) in [("closed call, Tower service", 1), ("closed call, Tower service, 2 threads", 2)] {
        let mut group = criterion.benchmark_group(case);
        let theirs = tower_resilience().build().expect("the settings work");
        service(&mut group, "bare call", threads, healthy());
        service(&mut group, "circuit-breaker", threads, CircuitBreakerLayer::new(ours(plain())).layer(healthy()));
        service(&mut group, "tower-resilience", threads, theirs.layer(healthy()));
        group.finish();
    }

    let mut group = criterion.benchmark_group("closed call, Tower service, and slow calls");
    let theirs = tower_resilience().slow_call_duration_threshold(MINUTE).slow_call_rate_threshold(1.0);
    let theirs = theirs.build().expect("the settings work");
    let and_slow = Config { slow_call_duration_threshold: Some(MINUTE), ..plain() };
    service(&mut group, "circuit-breaker", 1, CircuitBreakerLayer::new(ours(and_slow)).layer(healthy()));
    service(&mut group, "tower-resilience", 1, theirs.layer(healthy()));
    group.finish();

    // The calls before the measurement open both.
    let failing = || service_fn(|()| async { black_box(Err::<u32, u32>(1)) });
    let mut group = criterion.benchmark_group("open reject, Tower service");
    let theirs = tower_resilience().build().expect("the settings work");
    service(&mut group, "circuit-breaker", 1, CircuitBreakerLayer::new(ours(plain())).layer(failing()));
    service(&mut group, "tower-resilience", 1, theirs.layer(failing()));
    group.finish();
}

/// Each thread calls a clone of the service, on a runtime of its own.
fn service<S>(group: &mut BenchmarkGroup<'_, WallTime>, subject: &str, threads: usize, service: S)
where
    S: Service<()> + Clone + Send + Sync,
{
    async fn calls<S: Service<()>>(service: &mut S, iterations: u64) {
        for _ in 0..iterations {
            if let Ok(ready) = service.ready().await {
                let _ = black_box(ready.call(()).await);
            }
        }
    }
    group.bench_function(subject, |bencher| {
        bencher.iter_custom(|iterations| {
            let start = std::sync::Barrier::new(threads);
            let run = || {
                let mut service = service.clone();
                runtime().block_on(async {
                    calls(&mut service, 1_000).await;
                    start.wait();
                    let began = Instant::now();
                    calls(&mut service, iterations).await;
                    began.elapsed()
                })
            };
            std::thread::scope(|scope| {
                let others: Vec<_> = (1..threads).map(|_| scope.spawn(run)).collect();
                let mine = run();
                others.into_iter().map(|other| other.join().expect("it does not panic")).fold(mine, Duration::max)
            })
        })
    });
}

fn rejections(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("open reject, 1 thread");
    let breaker = ours(plain());
    breaker.transition_to(State::Open);
    group.bench_function("circuit-breaker", |bencher| bencher.iter(|| breaker.call_blocking(call)));
    let recloser = recloser();
    while !matches!(recloser.call(|| Err::<(), _>(())), Err(recloser::Error::Rejected)) {}
    group.bench_function("recloser", |bencher| bencher.iter(|| recloser.call(call)));
    let failsafe = failsafe::Config::new()
        .failure_policy(failsafe::failure_policy::consecutive_failures(5, failsafe::backoff::constant(HOUR)))
        .build();
    while !matches!(failsafe.call(|| Err::<(), _>(())), Err(failsafe::Error::Rejected)) {}
    group.bench_function("failsafe", |bencher| bencher.iter(|| failsafe.call(call)));
    group.finish();
}

fn features(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("closed call, by feature");
    let mut feature = |subject: &str, breaker: CircuitBreaker| {
        group.bench_function(subject, |bencher| bencher.iter(|| breaker.call_blocking(call)));
    };
    feature("failure rate only", ours(plain()));
    feature("and slow calls, coarse clock", ours(Config { slow_call_duration_threshold: Some(MINUTE), ..plain() }));
    let precise = Arc::new(PreciseClock);
    feature(
        "and slow calls, precise clock",
        ours(Config { slow_call_duration_threshold: Some(MINUTE), clock: precise, ..plain() }),
    );
    let window = SlidingWindow::Time { buckets: 60, width: Duration::from_secs(1) };
    feature("time window", ours(Config { sliding_window: window, ..plain() }));
    let mixed = ours(Config { failure_rate_threshold: Rate::percent(100.0).expect("a percentage"), ..plain() });
    let mut turn = 0u32;
    group.bench_function("every tenth call fails", |bencher| {
        bencher.iter(|| {
            turn = turn.wrapping_add(1);
            mixed.call_blocking(|| if turn.is_multiple_of(10) { black_box(Err(1)) } else { call() })
        });
    });
    let telemetry = telemetry::Builder::new("bench").endpoint(telemetry::Protocol::HttpBinary, "http://127.0.0.1:9");
    let telemetry = telemetry.export_interval(HOUR).console(false).build().expect("the settings work");
    let observed = ours(plain());
    observed.observe(&telemetry.meter(scope()));
    group.bench_function("with metrics", |bencher| bencher.iter(|| observed.call_blocking(call)));
    let heard = ours(plain());
    let _listener = heard.subscribe();
    group.bench_function("with a listener", |bencher| bencher.iter(|| heard.call_blocking(call)));
    group.finish();
    std::mem::forget(telemetry); // its last export would wait for a collector that is not there
}
