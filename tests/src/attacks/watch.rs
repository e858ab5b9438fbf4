//! What an honest client notices meanwhile: how long its syncs take, in quiet and under attack, in turns; and what the
//! server's process takes of memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::Told;
use super::forge::Story;
use super::line::Device;

/// How many syncs of the honest client one turn lasts.
const TURN: usize = 12;
/// How many syncs it does in one dossier, so that its own work stays the same.
const IN_ONE_DOSSIER: usize = 40;

/// Whoever watches.
pub struct Watch {
    honest: Option<Honest>,
    memory: Option<Memory>,
    quiet: Vec<Duration>,
    attacked: Vec<Duration>,
}

struct Honest {
    device: Device,
    dice: crate::Dice,
    story: Option<(Story, usize)>,
}

struct Memory {
    idle: u64,
    peak: Arc<AtomicU64>,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// What was seen.
#[derive(Debug, Clone, Copy, Default)]
pub struct Seen {
    /// Syncs of the honest client in quiet, and under attack.
    pub syncs: (usize, usize),
    /// How many of them were put off, because they came too often or the server was busy.
    pub put_off: usize,
    /// The 99th percentile of both.
    pub p99: (Duration, Duration),
    /// The median of both.
    pub median: (Duration, Duration),
    /// Memory of the server's process above what it took before, in bytes.
    pub memory: Option<u64>,
}

impl Seen {
    /// How many times longer the slowest syncs take under attack.
    pub fn ratio(&self) -> f64 {
        self.p99.1.as_secs_f64() / self.p99.0.as_secs_f64().max(1e-6)
    }
}

impl Watch {
    /// Looks at nothing.
    pub fn nothing() -> Self {
        Self { honest: None, memory: None, quiet: Vec::new(), attacked: Vec::new() }
    }

    /// Lets this device work on meanwhile, and looks at the memory of a process.
    pub fn over(device: Device, process: Option<u32>, seed: u64) -> Self {
        let mut honest = Honest { device, dice: crate::Dice::new(seed), story: None };
        // The first ones warm up both sides.
        for _ in 0..TURN {
            honest.sync();
        }
        Self { honest: Some(honest), memory: process.and_then(Memory::watch), ..Self::nothing() }
    }

    /// A quiet turn, then one during which `attack` is done over and over.
    pub fn during(&mut self, attack: &mut dyn FnMut()) {
        let Some(honest) = &mut self.honest else { return attack() };
        self.quiet.extend((0..TURN).map(|_| honest.sync()));
        let done = AtomicBool::new(false);
        let attacked = std::thread::scope(|scope| {
            let turn = scope.spawn(|| {
                // Also when it is not served, or the attack would go on for ever.
                let _done = Done(&done);
                (0..TURN).map(|_| honest.sync()).collect::<Vec<Duration>>()
            });
            while !done.load(Ordering::SeqCst) {
                attack();
            }
            turn.join().expect("the honest client is served")
        });
        self.attacked.extend(attacked);
    }

    /// What was seen.
    pub fn seen(mut self) -> Seen {
        let at = |times: &mut Vec<Duration>, share: f64| {
            times.sort_unstable();
            times.get(((times.len() as f64 * share) as usize).min(times.len().saturating_sub(1))).copied().unwrap_or_default()
        };
        Seen {
            syncs: (self.quiet.len(), self.attacked.len()),
            put_off: self.honest.as_ref().map_or(0, |honest| honest.device.put_off),
            p99: (at(&mut self.quiet, 0.99), at(&mut self.attacked, 0.99)),
            median: (at(&mut self.quiet, 0.5), at(&mut self.attacked, 0.5)),
            memory: self.memory.map(Memory::above_idle),
        }
    }
}

/// Says at its end that it is over, however it ends.
struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Honest {
    /// One visit, safe on the server.
    #[allow(clippy::disallowed_methods, reason = "what is measured is how long it takes")]
    fn sync(&mut self) -> Duration {
        if self.story.as_ref().is_none_or(|(_, visits)| *visits >= IN_ONE_DOSSIER) {
            let story = self.device.maker.opens(&mut self.dice);
            let first = self.device.maker.signed(story.document, &story.first);
            let told = self.device.push(std::slice::from_ref(&story.opening), &[first]);
            assert_eq!(told, [Told::Accepted], "a dossier of an honest coach");
            self.story = Some((story, 0));
        }
        let (story, visits) = self.story.as_mut().expect("a dossier");
        *visits += 1;
        let visit = story.visit(&self.device.maker, "Rustig doorgewerkt");
        let push = [self.device.maker.signed(story.document, &visit)];
        let (begun, waited) = (Instant::now(), self.device.waited);
        let told = self.device.push(&[], &push);
        // What it was told to wait is its own pace, not the server's.
        let took = begun.elapsed().saturating_sub(self.device.waited - waited);
        assert_eq!(told, [Told::Accepted], "a visit of an honest coach");
        took
    }
}

impl Memory {
    /// Nothing where the system does not tell, or there is no such process.
    fn watch(process: u32) -> Option<Self> {
        let idle = resident(process)?;
        let (peak, ended) = (Arc::new(AtomicU64::new(idle)), Arc::new(AtomicBool::new(false)));
        let (seen, end) = (peak.clone(), ended.clone());
        let thread = std::thread::spawn(move || {
            while !end.load(Ordering::SeqCst) {
                seen.fetch_max(resident(process).unwrap_or_default(), Ordering::SeqCst);
                std::thread::sleep(Duration::from_millis(10));
            }
        });
        Some(Self { idle, peak, ended, thread: Some(thread) })
    }

    fn above_idle(mut self) -> u64 {
        self.ended.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        self.peak.load(Ordering::SeqCst).saturating_sub(self.idle)
    }
}

/// What a process holds in memory, where the system says so.
fn resident(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib << 10)
}
