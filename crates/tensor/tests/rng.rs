//! Random numbers: golden values of an independent implementation
//! (`fixtures/make_rng_golden.py`) and the distributions.

use losslab_tensor::rng::Rng;

fn draws<T>(mut rng: Rng, count: usize, draw: impl Fn(&mut Rng) -> T) -> Vec<T> {
    (0..count).map(|_| draw(&mut rng)).collect()
}

#[test]
fn bits_are_golden() {
    let bits = |rng| draws(rng, 4, Rng::next_u64);
    assert_eq!(
        bits(Rng::seed(0)),
        [5987356902031041503, 7051070477665621255, 6633766593972829180, 211316841551650330]
    );
    assert_eq!(
        bits(Rng::seed(42)),
        [15021278609987233951, 5881210131331364753, 18149643915985481100, 12933668939759105464]
    );
    assert_eq!(
        bits(Rng::stream(42, 1)),
        [18183147227428793444, 16505251536789924710, 10952811722192729268, 11954400191796016976]
    );
    assert_eq!(Rng::seed(42).fork(7).next_u64(), 14126106433159942832);
}

#[test]
fn deviates_are_golden() {
    let uniform = draws(Rng::seed(42), 3, Rng::uniform);
    assert_eq!(uniform, [0.8143051451229099, 0.3188210400616611, 0.9838941681774888]);
    let below = draws(Rng::seed(42), 12, |rng| rng.below(10));
    assert_eq!(below, [8, 3, 9, 7, 7, 5, 1, 6, 2, 9, 5, 8]);
    // With n just above 2^63 nearly every second draw is rejected.
    let below = draws(Rng::seed(42), 4, |rng| rng.below((1 << 63) + 1));
    assert_eq!(below, [2940605065665682376, 9074821957992740550, 6466834469879552732, 5581269471817655715]);
    let mut items: Vec<u32> = (0..10).collect();
    Rng::seed(42).shuffle(&mut items);
    assert_eq!(items, [5, 3, 1, 0, 9, 6, 4, 7, 2, 8]);
}

/// The reference evaluates the same formula with 40 digits: four roundings and `ln_f64` stand between.
#[test]
fn normal_deviates_are_golden() {
    let expected = [
        0.9813983900724985,
        -0.565720104673956,
        1.3403256427520227,
        0.4023128702992609,
        -0.9642205062941384,
        0.2705508644582529,
    ];
    for (got, want) in draws(Rng::seed(42), 6, Rng::normal).into_iter().zip(expected) {
        assert!(((got - want) / want).abs() <= 4.0 * f64::EPSILON, "{got} is not {want}");
    }
}

#[test]
fn a_clone_repeats_and_streams_differ() {
    let mut rng = Rng::seed(7);
    rng.normal();
    let copy = rng.clone();
    assert_eq!(draws(rng.clone(), 9, Rng::normal), draws(copy, 9, Rng::normal), "spare deviate included");

    let mut first: Vec<u64> = (0..100).map(|k| Rng::stream(7, k).next_u64()).collect();
    first.extend((0..100).map(|k| Rng::stream(k + 8, 7).next_u64()));
    first.extend((0..100).map(|k| Rng::seed(k).next_u64()));
    first.extend((1..=100).map(|label| rng.clone().fork(label).next_u64()));
    first.extend((0..100).map(|_| rng.fork(0).next_u64()));
    first.sort_unstable();
    first.dedup();
    assert_eq!(first.len(), 500);
}

#[test]
fn uniform_fills_its_interval_evenly() {
    let mut counts = [0_u32; 256];
    let n = 1 << 20;
    for x in draws(Rng::seed(1), n, Rng::uniform) {
        assert!((0.0..1.0).contains(&x));
        counts[(x * 256.0) as usize] += 1;
    }
    assert_even(&counts, n);
}

#[test]
fn below_is_even_and_stays_below() {
    let mut counts = [0_u32; 256];
    let n = 1 << 20;
    draws(Rng::seed(2), n, |rng| rng.below(256)).into_iter().for_each(|k| counts[k as usize] += 1);
    assert_even(&counts, n);
    assert!(draws(Rng::seed(3), 1000, |rng| rng.below(1)).into_iter().all(|k| k == 0));
    // Taking the remainder of 64 bits would give the first third of 3 * 2^62 twice as often.
    let n = 3 << 62;
    let low = draws(Rng::seed(4), 30_000, |rng| rng.below(n)).into_iter().filter(|&k| k < n / 3).count();
    assert!((9_700..10_300).contains(&low), "{low} of 30000 in the first third");
}

/// Pearson's chi-square of 256 equally likely cells within its .0005 and .9995 quantiles.
fn assert_even(counts: &[u32; 256], n: usize) {
    let expected = n as f64 / 256.0;
    let chi2: f64 = counts.iter().map(|&c| (f64::from(c) - expected).powi(2) / expected).sum();
    assert!((187.17..335.92).contains(&chi2), "chi-square {chi2}");
}

#[test]
#[should_panic(expected = "no number below 0")]
fn below_zero_is_refused() {
    Rng::seed(0).below(0);
}

#[test]
fn normal_has_its_moments() {
    let n = 1_000_000;
    let z = draws(Rng::seed(5), n, Rng::normal);
    let moment = |k| z.iter().map(|z| z.powi(k)).sum::<f64>() / n as f64;
    // 1, 2, 3, 4: 0, 1, 0, 3; bounds of 4 standard errors (variances 1, 2, 15, 96).
    for (k, expected, variance) in [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0_f64)] {
        let error = (moment(k) - expected).abs();
        assert!(error <= 4.0 * (variance / n as f64).sqrt(), "moment {k} is off by {error}");
    }
    // The deviates of a pair are independent.
    let covariance = z.chunks(2).map(|pair| pair[0] * pair[1]).sum::<f64>() / (n / 2) as f64;
    assert!(covariance.abs() <= 4.0 / ((n / 2) as f64).sqrt(), "covariance {covariance}");
}

#[test]
fn normal_has_its_quantiles() {
    let n = 1_000_000;
    let z = draws(Rng::seed(6), n, Rng::normal);
    // scipy.stats.norm.ppf
    let quantiles = [
        (0.001, -3.090232306167813),
        (0.01, -2.3263478740408408),
        (0.05, -1.6448536269514729),
        (0.25, -0.6744897501960817),
        (0.5, 0.0),
        (0.75, 0.6744897501960817),
        (0.95, 1.6448536269514722),
        (0.99, 2.3263478740408408),
        (0.999, 3.090232306167813),
    ];
    for (p, quantile) in quantiles {
        let below = z.iter().filter(|&&z| z < quantile).count() as f64 / n as f64;
        let standard_error = (p * (1.0 - p) / n as f64).sqrt();
        assert!((below - p).abs() <= 4.0 * standard_error, "{below} of the draws are below {quantile}");
    }
}

#[test]
fn shuffles_reach_every_order_equally_often() {
    let mut counts = std::collections::BTreeMap::new();
    let mut rng = Rng::seed(8);
    for _ in 0..24_000 {
        let mut items = [0, 1, 2, 3];
        rng.shuffle(&mut items);
        *counts.entry(items).or_insert(0) += 1;
    }
    assert_eq!(counts.len(), 24);
    // 1000 each, standard deviation 31.
    assert!(counts.values().all(|&count| (870..1130).contains(&count)), "{counts:?}");
    rng.shuffle::<u8>(&mut []);
    rng.shuffle(&mut [1]);
}

#[test]
fn a_generator_that_was_written_down_goes_on_where_it_stood() {
    let mut rng = Rng::stream(5, 2);
    for _ in 0..7 {
        rng.normal();
    }
    let text = serde_json::to_string(&rng).unwrap();
    let mut again: Rng = serde_json::from_str(&text).unwrap();
    assert_eq!(rng, again);
    assert_eq!(
        [rng.normal(), rng.normal(), rng.uniform()],
        [again.normal(), again.normal(), again.uniform()]
    );
    let zero = serde_json::from_str::<Rng>(r#"{"bits":{"s":[0,0,0,0]},"spare":null}"#);
    assert_eq!(zero.unwrap_err().to_string(), "a random generator whose state is zero");
}
