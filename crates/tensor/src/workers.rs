//! Threads that share the work of one operation, and stay awake until the next.
//!
//! Waking a sleeping thread and hearing back takes 74 microseconds, a hand-over between threads that are
//! awake 0.13: most operations of a small net take less than the former. So a worker that has nothing to do
//! looks for work for about 100 microseconds before it sleeps, and the gaps between the operations of a
//! training step are shorter than that.
//!
//! **Bits.** An operation is cut into pieces of its *output*, and every number of the output is computed by
//! one piece, in an order that the piece does not change. Who computes it, and how many pieces there are,
//! leaves no trace.
//!
//! **Home.** Each thread begins with the pieces of its own part of the output, the same part in each
//! operation: what it reads it has mostly written itself, and finds in its own cache. (Lines that another
//! core has written come slowly where cores share no cache.)
//!
//! **Safety.** One number, the *ticket*, holds everything that a worker decides by: which job it is, how many
//! groups of pieces it has and which of them are left. A worker takes a group by clearing its bit in one
//! atomic step, and only then looks at the job. The caller writes a job while no piece of the old one is left
//! (all are counted as done), and returns only once every piece is done; so a job that a piece has been taken
//! of is still there, and so is all that its closure borrows.
#![allow(unsafe_code)]

use std::any::Any;
use std::cell::UnsafeCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

/// Looks for work before a worker sleeps: 60 to 240 microseconds at 10 to 40 nanoseconds each. With 1000 it
/// slept while the loss of a detector was computed, and woke 50 microseconds late.
const LOOKS: usize = 6000;
/// Groups that the pieces of a job make at most: a bit of the ticket each.
const MOST_GROUPS: usize = 32;

/// Threads that run the pieces of one job at a time; the caller is one of them.
///
/// ```
/// use losslab_tensor::Workers;
/// let workers = Workers::new(2);
/// let mut squares = [0; 1000];
/// workers.chunks([&mut squares], 100, |start, [chunk]| {
///     chunk.iter_mut().zip(start..).for_each(|(x, i)| *x = i * i);
/// });
/// assert_eq!(squares[999], 998_001);
/// ```
#[derive(Debug)]
pub struct Workers {
    /// `None` where there is nobody to share with.
    shared: Option<Arc<Shared>>,
    threads: Vec<JoinHandle<()>>,
}

/// The piece with this number of the closure behind this pointer.
type Run = unsafe fn(*const (), usize);

/// What is to be done.
#[derive(Clone, Copy, Debug)]
struct Job {
    run: Run,
    piece: *const (),
    pieces: usize,
    groups: usize,
}

/// On cache lines of its own (two, as they are fetched in pairs): workers look at the ticket all the time,
/// and a write to another number on the same line would wait for them.
#[derive(Debug)]
#[repr(align(128))]
struct Line<T>(T);

#[derive(Debug)]
struct Shared {
    /// Number of the job (24 bits), its groups of pieces (8), a bit for each that is left (32).
    ticket: Line<AtomicU64>,
    /// Groups of the job that are done.
    done: Line<AtomicUsize>,
    job: UnsafeCell<Job>,
    /// Somebody is running a job.
    busy: AtomicBool,
    /// Workers that sleep, or are about to.
    asleep: AtomicUsize,
    /// Looks of a thread that waits before it lets others have its core.
    looks: usize,
    stop: AtomicBool,
    /// What the first piece that panicked said.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

// SAFETY: `job` is all that is not atomic or locked. It is written by the one caller that holds `busy`, while
// no piece can be taken, and read by those who have taken a piece that is not done (see the head of the
// file). What it points to is a closure that is `Sync`.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

static ALONE: Workers = Workers { shared: None, threads: Vec::new() };

impl Workers {
    /// The caller and `threads - 1` others, or as many as the system grants. If there are more than the
    /// machine has cores, none of them stays awake.
    pub fn new(threads: usize) -> Self {
        if threads <= 1 {
            return Self { shared: None, threads: Vec::new() };
        }
        let looks =
            if thread::available_parallelism().is_ok_and(|cores| threads <= cores.get()) { LOOKS } else { 0 };
        let shared = Arc::new(Shared {
            ticket: Line(AtomicU64::new(0)),
            done: Line(AtomicUsize::new(0)),
            job: UnsafeCell::new(Job {
                run: run_piece::<fn(usize)>,
                piece: std::ptr::null(),
                pieces: 0,
                groups: 0,
            }),
            busy: AtomicBool::new(false),
            asleep: AtomicUsize::new(0),
            looks,
            stop: AtomicBool::new(false),
            panic: Mutex::new(None),
        });
        let start = |index| {
            let (shared, home) = (shared.clone(), Home { index, threads });
            thread::Builder::new().name("losslab worker".into()).spawn(move || shared.work(home)).ok()
        };
        let threads = (1..threads).map_while(start).collect();
        Self { shared: Some(shared), threads }
    }

    /// The caller alone: everything runs in its place.
    pub fn alone() -> &'static Workers {
        &ALONE
    }

    /// How many threads run a job, the caller included.
    pub fn threads(&self) -> usize {
        1 + self.threads.len()
    }

    /// Least numbers of a piece of work on arrays. Fewer are hardly worth a hand-over; but what a thread has
    /// computed it also finds in its own cache.
    pub const NUMBERS: usize = 8 * 1024;

    /// How long pieces should be that share `length` among the threads: a multiple of `multiple`, and at
    /// least `least`.
    pub fn share(&self, length: usize, multiple: usize, least: usize) -> usize {
        if self.threads() == 1 {
            return length.max(1);
        }
        // Two for each thread: one that is held up leaves less to wait for.
        length.div_ceil(2 * self.threads()).max(least).next_multiple_of(multiple.max(1))
    }

    /// Runs `piece(0)`, `piece(1)`, .. `piece(pieces - 1)`, each once, on all threads, and returns when all
    /// are done.
    ///
    /// A call from within a piece, or while another thread uses these workers, runs on the calling thread.
    ///
    /// # Panics
    /// As the first piece that panics does, once all others are done.
    pub fn run<F: Fn(usize) + Sync>(&self, pieces: usize, piece: F) {
        match self.shared.as_deref() {
            Some(shared) if pieces > 1 && !shared.busy.swap(true, Ordering::Acquire) => {
                let groups = pieces.min(MOST_GROUPS);
                let job =
                    Job { run: run_piece::<F>, piece: std::ptr::from_ref(&piece).cast(), pieces, groups };
                self.publish(shared, job);
                shared.take_groups(Home { index: 0, threads: self.threads() });
                shared.wait(groups);
                let panic = shared.panic.lock().unwrap_or_else(|e| e.into_inner()).take();
                shared.busy.store(false, Ordering::Release);
                if let Some(panic) = panic {
                    resume_unwind(panic);
                }
            }
            _ => (0..pieces).for_each(piece),
        }
    }

    /// Cuts arrays of one length into chunks of `size` and runs `piece(start, chunks)` for each, on all
    /// threads.
    ///
    /// # Panics
    /// If the lengths differ, `size` is 0, or a piece panics.
    #[track_caller]
    pub fn chunks<T: Send, const N: usize>(
        &self,
        arrays: [&mut [T]; N],
        size: usize,
        piece: impl Fn(usize, [&mut [T]; N]) + Sync,
    ) {
        let lengths = arrays.each_ref().map(|array| array.len());
        assert!(
            size > 0 && lengths.iter().all(|l| *l == lengths[0]),
            "chunks of {size} of arrays of {lengths:?}"
        );
        self.chunks_of(arrays, [size; N], |i, chunks| piece(i * size, chunks));
    }

    /// As [`chunks`](Self::chunks), each array in chunks of a size of its own: `piece(i, chunks)` has the
    /// chunk with number i of each.
    ///
    /// # Panics
    /// If the arrays have not the same number of chunks, a size is 0, or a piece panics.
    #[track_caller]
    pub fn chunks_of<T: Send, const N: usize>(
        &self,
        arrays: [&mut [T]; N],
        sizes: [usize; N],
        piece: impl Fn(usize, [&mut [T]; N]) + Sync,
    ) {
        let lengths = arrays.each_ref().map(|array| array.len());
        let pieces = lengths.first().map_or(0, |&length| length.div_ceil(sizes[0].max(1)));
        assert!(
            std::iter::zip(lengths, sizes).all(|(length, size)| size > 0 && length.div_ceil(size) == pieces),
            "chunks of {sizes:?} of arrays of {lengths:?}"
        );
        if pieces <= 1 {
            return if pieces == 1 {
                piece(0, arrays)
            };
        }
        let arrays = Arrays(arrays.map(|array| array.as_mut_ptr()));
        self.run(pieces, |i| {
            let arrays = arrays.pointers();
            piece(
                i,
                std::array::from_fn(|k| {
                    let start = i * sizes[k];
                    let count = sizes[k].min(lengths[k] - start);
                    // SAFETY: `start + count` is at most the length of the array, which has a chunk with this
                    // number; chunks of different pieces do not overlap, and `run` runs each piece once,
                    // while the arrays are borrowed.
                    unsafe { std::slice::from_raw_parts_mut(arrays[k].add(start), count) }
                }),
            );
        });
    }

    fn publish(&self, shared: &Shared, job: Job) {
        // SAFETY: this thread holds `busy`, and all pieces of the job before are done: nobody reads.
        unsafe { *shared.job.get() = job };
        shared.done.0.store(0, Ordering::Relaxed);
        let number = (shared.ticket.0.load(Ordering::Relaxed) >> 40).wrapping_add(1);
        let left = (1_u64 << job.groups) - 1;
        // Sequentially consistent, as in `sleep`: either the worker sees the job, or this sees it asleep.
        shared.ticket.0.store(number << 40 | (job.groups as u64) << 32 | left, Ordering::SeqCst);
        if shared.asleep.load(Ordering::SeqCst) > 0 {
            self.threads.iter().for_each(|worker| worker.thread().unpark());
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        if let Some(shared) = &self.shared {
            shared.stop.store(true, Ordering::SeqCst);
        }
        for worker in self.threads.drain(..) {
            worker.thread().unpark();
            // A worker catches the panics of its pieces and has none of its own.
            let _ = worker.join();
        }
    }
}

/// Which of the threads one is; the caller is number 0.
#[derive(Clone, Copy)]
struct Home {
    index: usize,
    threads: usize,
}

/// Pointers to arrays that pieces of a job share.
struct Arrays<T, const N: usize>([*mut T; N]);

// SAFETY: the pieces touch parts that do not overlap, and may be touched from other threads since `T: Send`.
unsafe impl<T: Send, const N: usize> Sync for Arrays<T, N> {}

impl<T, const N: usize> Arrays<T, N> {
    fn pointers(&self) -> [*mut T; N] {
        self.0
    }
}

/// # Safety
/// `piece` must point to a living `F`.
unsafe fn run_piece<F: Fn(usize) + Sync>(piece: *const (), i: usize) {
    // SAFETY: the caller's promise.
    unsafe { (*piece.cast::<F>())(i) }
}

impl Shared {
    /// Takes a group of pieces, if the job has one left: the first from home on.
    fn take(&self, home: Home) -> Option<usize> {
        let mut ticket = self.ticket.0.load(Ordering::SeqCst);
        loop {
            let (left, groups) = (ticket as u32, (ticket >> 32 & 0xff) as usize);
            if left == 0 {
                return None;
            }
            let first = (home.index * groups / home.threads) as u32;
            let group = (left.rotate_right(first).trailing_zeros() + first) % u32::BITS;
            let rest = ticket & !(1 << group);
            match self.ticket.0.compare_exchange_weak(ticket, rest, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Some(group as usize),
                Err(now) => ticket = now,
            }
        }
    }

    /// Takes and runs groups until none is left.
    fn take_groups(&self, home: Home) {
        while let Some(group) = self.take(home) {
            // SAFETY: this thread has taken a group that is not done, so the job is not written, and its
            // closure lives.
            let job = unsafe { *self.job.get() };
            for i in group * job.pieces / job.groups..(group + 1) * job.pieces / job.groups {
                // SAFETY: as above.
                let result = catch_unwind(AssertUnwindSafe(|| unsafe { (job.run)(job.piece, i) }));
                if let Err(panic) = result {
                    self.panic.lock().unwrap_or_else(|e| e.into_inner()).get_or_insert(panic);
                }
            }
            self.done.0.fetch_add(1, Ordering::Release);
        }
    }

    /// Waits until all groups are done: those that others have taken.
    fn wait(&self, groups: usize) {
        let mut looks = 0;
        while self.done.0.load(Ordering::Acquire) < groups {
            if looks < self.looks {
                std::hint::spin_loop();
            } else {
                thread::yield_now();
            }
            looks += 1;
        }
    }

    /// The life of a worker.
    fn work(&self, home: Home) {
        let mut left = self.looks;
        loop {
            if self.has_group() {
                self.take_groups(home);
                left = self.looks;
            } else if self.stop.load(Ordering::Relaxed) {
                return;
            } else if left > 0 {
                left -= 1;
                std::hint::spin_loop();
            } else {
                self.sleep();
                left = self.looks;
            }
        }
    }

    fn has_group(&self) -> bool {
        self.ticket.0.load(Ordering::SeqCst) as u32 != 0
    }

    /// Sleeps until there may be work. A call to `unpark` before `park` makes that return at once.
    fn sleep(&self) {
        self.asleep.fetch_add(1, Ordering::SeqCst);
        if !self.has_group() && !self.stop.load(Ordering::SeqCst) {
            thread::park();
        }
        self.asleep.fetch_sub(1, Ordering::SeqCst);
    }
}
