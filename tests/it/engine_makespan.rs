//! Runs stay close to the shortest time that AWS allows.

#[path = "../../benches/makespan.rs"]
mod makespan;

// The table is for `cargo bench`.
const _: fn() = makespan::main;

#[test]
fn no_run_takes_a_tenth_longer_than_it_has_to() {
    for seed in 0..4 {
        for routing in ["bgp", "static"] {
            let measured = makespan::measure(seed, routing);
            let which = format!("seed {}, {}", measured.seed, measured.routing);
            assert!(measured.ratio() <= makespan::BAR, "{which}: {measured:?}");
            assert!(
                measured.ratio() >= 1.0,
                "{which} is faster than AWS: {measured:?}"
            );
        }
    }
}
