// SPDX-License-Identifier: Apache-2.0
// work.rs: threads, a panic that is caught, and sums in both types.
use std::{panic, thread};

fn main() {
    let sums: Vec<f64> = (0..4)
        .map(|i| thread::spawn(move || (i..20000).step_by(4).map(|k| (k as f64).sqrt() * (k as f64).cos()).sum()))
        .map(|handle: thread::JoinHandle<f64>| handle.join().unwrap())
        .collect();
    println!("{:?}", sums);
    println!("{:?}", (1..1000).map(|i| 1.0 / i as f32).sum::<f32>());
    println!("{}", panic::catch_unwind(|| [1.5f64, 2.5][sums_of(3)]).is_err());
    let mut v: Vec<f64> = (0..1000).map(|i| (i as f64 * 0.7).sin()).collect();
    v.sort_by(|a, b| a.partial_cmp(b).unwrap());
    println!("{:e} {:e}", v[0], v[999].powf(0.3));
}

fn sums_of(n: usize) -> usize {
    (0..n).sum()
}
