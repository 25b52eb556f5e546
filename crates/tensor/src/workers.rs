//! Threads that share the work of one operation, and stay awake until the next.
//!
//! Waking a sleeping thread and hearing back takes 74 microseconds, a hand-over between threads that are awake 0.13: most
//! operations of a small net take less than the former. So a worker that has nothing to do looks for work for about
//! 20 microseconds before it sleeps, and the gaps between the operations of a training step are shorter than that.
//!
//! **Bits.** An operation is cut into pieces of its *output*, and every number of the output is computed by one piece, in an
//! order that the piece does not change. Who computes it, and how many pieces there are, leaves no trace.
//!
//! **Safety.** One number, the *ticket*, holds everything that a worker decides by: which job it is, how many pieces
//! it has and how many of them are taken. A worker takes a piece by raising the ticket in one atomic step, and only
//! then looks at the job. The caller writes a job while no piece of the old one is left (all are counted as done), and
//! returns only once every piece is done; so a job that a piece has been taken of is still there, and so
//! is all that its closure borrows.
#![allow(unsafe_code)]

use std::any::Any;
use std::cell::UnsafeCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

/// Looks for work before a worker sleeps: about 20 microseconds at 17 to 40 nanoseconds each.
const LOOKS: usize = 1000;
/// Pieces that a job may have: 16 bits of the ticket.
const MOST_PIECES: usize = u16::MAX as usize;

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

/// On cache lines of its own (two, as they are fetched in pairs): workers look at the ticket all the time, and a write to
/// another number on the same line would wait for them.
#[derive(Debug)]
#[repr(align(128))]
struct Line<T>(T);

#[derive(Debug)]
struct Shared {
    /// Number of the job (32 bits), its pieces (16), those taken (16).
    ticket: Line<AtomicU64>,
    /// Pieces of the job that are done.
    done: Line<AtomicUsize>,
    job: UnsafeCell<(Run, *const ())>,
    /// Somebody is running a job.
    busy: AtomicBool,
    /// Workers that sleep, or are about to.
    asleep: AtomicUsize,
    stop: AtomicBool,
    /// What the first piece that panicked said.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

// SAFETY: `job` is all that is not atomic or locked. It is written by the one caller that holds `busy`, while no piece
// can be taken, and read by those who have taken a piece that is not done (see the head of the file). What it points to is
// a closure that is `Sync`.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

static ALONE: Workers = Workers { shared: None, threads: Vec::new() };

impl Workers {
    /// The caller and `threads - 1` others, or as many as the system grants. If there are more than the machine has
    /// cores, none of them stays awake.
    pub fn new(threads: usize) -> Self {
        if threads <= 1 {
            return Self { shared: None, threads: Vec::new() };
        }
        let shared = Arc::new(Shared {
            ticket: Line(AtomicU64::new(0)),
            done: Line(AtomicUsize::new(0)),
            job: UnsafeCell::new((run_piece::<fn(usize)>, std::ptr::null())),
            busy: AtomicBool::new(false),
            asleep: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
            panic: Mutex::new(None),
        });
        let looks =
            if thread::available_parallelism().is_ok_and(|cores| threads <= cores.get()) { LOOKS } else { 0 };
        let start = |_| {
            let shared = shared.clone();
            thread::Builder::new().name("losslab worker".into()).spawn(move || shared.work(looks)).ok()
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

    /// How long pieces should be that share `length` among the threads: a multiple of `multiple`, and at least `least`.
    pub fn share(&self, length: usize, multiple: usize, least: usize) -> usize {
        if self.threads() == 1 {
            return length.max(1);
        }
        // Two for each thread: one that is held up leaves less to wait for.
        let pieces = (2 * self.threads()).min(MOST_PIECES);
        length.div_ceil(pieces).max(least).next_multiple_of(multiple.max(1))
    }

    /// Runs `piece(0)`, `piece(1)`, .. `piece(pieces - 1)`, each once, on all threads, and returns when all are done.
    ///
    /// A call from within a piece, or while another thread uses these workers, runs on the calling thread.
    ///
    /// # Panics
    /// As the first piece that panics does, once all others are done.
    pub fn run<F: Fn(usize) + Sync>(&self, pieces: usize, piece: F) {
        let alone = pieces <= 1 || pieces > MOST_PIECES;
        match self.shared.as_deref() {
            Some(shared) if !alone && !shared.busy.swap(true, Ordering::Acquire) => {
                self.publish(shared, pieces, &piece);
                shared.take_pieces();
                shared.wait(pieces);
                let panic = shared.panic.lock().unwrap_or_else(|e| e.into_inner()).take();
                shared.busy.store(false, Ordering::Release);
                if let Some(panic) = panic {
                    resume_unwind(panic);
                }
            }
            _ => (0..pieces).for_each(piece),
        }
    }

    /// Cuts arrays of one length into chunks of `size` and runs `piece(start, chunks)` for each, on all threads.
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
        let length = lengths.first().copied().unwrap_or(0);
        assert!(
            size > 0 && lengths.iter().all(|&l| l == length),
            "chunks of {size} of arrays of {lengths:?}"
        );
        if length <= size {
            return if length > 0 {
                piece(0, arrays)
            };
        }
        let arrays = Arrays(arrays.map(|array| array.as_mut_ptr()));
        self.run(length.div_ceil(size), |i| {
            let start = i * size;
            let count = size.min(length - start);
            // SAFETY: `start + count` is at most the length of each array; chunks of different pieces do not overlap, and
            // `run` runs each piece once, while the arrays are borrowed.
            let chunk = |array: *mut T| unsafe { std::slice::from_raw_parts_mut(array.add(start), count) };
            piece(start, arrays.pointers().map(chunk));
        });
    }

    fn publish<F: Fn(usize) + Sync>(&self, shared: &Shared, pieces: usize, piece: &F) {
        // SAFETY: this thread holds `busy`, and all pieces of the job before are done: nobody reads.
        unsafe { *shared.job.get() = (run_piece::<F>, std::ptr::from_ref(piece).cast()) };
        shared.done.0.store(0, Ordering::Relaxed);
        let number = (shared.ticket.0.load(Ordering::Relaxed) >> 32).wrapping_add(1);
        // Sequentially consistent, as in `sleep`: either the worker sees the job, or this sees it asleep.
        shared.ticket.0.store(number << 32 | (pieces as u64) << 16, Ordering::SeqCst);
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
    /// Takes a piece, if the job has one left.
    fn take(&self) -> Option<usize> {
        let mut ticket = self.ticket.0.load(Ordering::SeqCst);
        loop {
            let (pieces, taken) = (ticket >> 16 & 0xffff, ticket & 0xffff);
            if taken >= pieces {
                return None;
            }
            match self.ticket.0.compare_exchange_weak(ticket, ticket + 1, Ordering::AcqRel, Ordering::Acquire)
            {
                Ok(_) => return Some(taken as usize),
                Err(now) => ticket = now,
            }
        }
    }

    /// Takes and runs pieces until none is left.
    fn take_pieces(&self) {
        while let Some(i) = self.take() {
            // SAFETY: this thread has taken a piece that is not done, so the job is not written, and its closure lives.
            let result = catch_unwind(AssertUnwindSafe(|| unsafe {
                let (run, piece) = *self.job.get();
                run(piece, i);
            }));
            if let Err(panic) = result {
                self.panic.lock().unwrap_or_else(|e| e.into_inner()).get_or_insert(panic);
            }
            self.done.0.fetch_add(1, Ordering::Release);
        }
    }

    /// Waits until all pieces are done: those that others have taken.
    fn wait(&self, pieces: usize) {
        let mut looks = 0;
        while self.done.0.load(Ordering::Acquire) < pieces {
            if looks < LOOKS {
                std::hint::spin_loop();
            } else {
                thread::yield_now();
            }
            looks += 1;
        }
    }

    /// The life of a worker.
    fn work(&self, looks: usize) {
        let mut left = looks;
        loop {
            if self.has_piece() {
                self.take_pieces();
                left = looks;
            } else if self.stop.load(Ordering::Relaxed) {
                return;
            } else if left > 0 {
                left -= 1;
                std::hint::spin_loop();
            } else {
                self.sleep();
                left = looks;
            }
        }
    }

    fn has_piece(&self) -> bool {
        let ticket = self.ticket.0.load(Ordering::SeqCst);
        ticket & 0xffff < ticket >> 16 & 0xffff
    }

    /// Sleeps until there may be work. A call to `unpark` before `park` makes that return at once.
    fn sleep(&self) {
        self.asleep.fetch_add(1, Ordering::SeqCst);
        if !self.has_piece() && !self.stop.load(Ordering::SeqCst) {
            thread::park();
        }
        self.asleep.fetch_sub(1, Ordering::SeqCst);
    }
}
