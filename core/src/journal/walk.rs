//! Going through the segments record by record, in big blocks, and judging what is not a whole record.

use super::header::{HEADER, Header, MAGIC, sha256};
use super::{Damage, Hash, JournalError, Position};
use crate::disk::{Disk, DiskError};
use crate::words::Words;

/// What is read from a file at a time.
const BLOCK: usize = 1 << 20;
const FOLDER: &str = "journal/";
const ENDING: &str = ".vbj";
const SECTOR: u64 = 512;
/// How often a reader without the lock looks again before it believes in damage: a writer may be busy there.
const LOOKS: u32 = 3;

pub(super) fn segment_name(segment: u32) -> String {
    format!("{FOLDER}{segment:08}{ENDING}")
}

/// The numbers of the segments on the disk, in order.
pub(super) fn segments(disk: &dyn Disk) -> Result<Vec<u32>, DiskError> {
    let mut numbers: Vec<u32> = disk
        .list()?
        .into_iter()
        .filter_map(|name| {
            let number = name.strip_prefix(FOLDER)?.strip_suffix(ENDING)?.parse().ok()?;
            (segment_name(number) == name).then_some(number)
        })
        .collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// No segment may be missing before the last.
pub(super) fn check_segments(disk: &dyn Disk) -> Result<(), JournalError> {
    let segments = segments(disk)?;
    for (expected, number) in (1u32..).zip(&segments) {
        if expected != *number {
            let position = Position { segment: expected, offset: 0 };
            let resumes = disk.read(&segment_name(*number), 0, HEADER)?;
            let resumes = Header::parse(&resumes).map(|header| (header.seq, Position { segment: *number, offset: 0 }));
            let seq = if expected == 1 { 1 } else { 0 };
            return Err(JournalError::Damaged(Box::new(Damage {
                seq,
                position,
                what: Words::new("het bestand ontbreekt", "the file is missing"),
                resumes,
            })));
        }
    }
    Ok(())
}

/// A whole record, its payload still sealed.
#[derive(Clone, Copy)]
pub(super) struct Found<'a> {
    pub header: &'a Header,
    pub hash: Hash,
    pub position: Position,
    pub stored: &'a [u8],
}

/// The same, owned.
pub(super) struct FoundOne {
    header: Header,
    hash: Hash,
    position: Position,
    stored: Vec<u8>,
}

impl FoundOne {
    pub fn borrow(&self) -> Found<'_> {
        Found { header: &self.header, hash: self.hash, position: self.position, stored: &self.stored }
    }
}

/// What comes after the last whole record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tail {
    Clean,
    /// This many bytes of a commit that was never finished, or is being written now.
    Torn(u64),
}

/// The place after the last whole record, and what the next one must follow.
#[derive(Debug, Clone)]
pub(super) struct Walk {
    pub segment: u32,
    pub offset: u64,
    pub seq: u64,
    pub hash: Hash,
}

impl Default for Walk {
    fn default() -> Self {
        Self { segment: 1, offset: 0, seq: 0, hash: [0; 32] }
    }
}

/// What lies at a place.
enum Step<'a> {
    Whole(Header, Hash, &'a [u8]),
    End,
    Broken(Words),
}

impl Walk {
    pub fn position(&self) -> Position {
        Position { segment: self.segment, offset: self.offset }
    }

    /// Moves behind a record.
    pub fn pass(&mut self, header: &Header, hash: Hash) {
        self.offset += (HEADER + header.length as usize) as u64;
        self.seq = header.seq;
        self.hash = hash;
    }

    /// Goes on to the end of the journal. On an error the walk stands before the record it is about.
    pub fn forward(
        &mut self,
        disk: &dyn Disk,
        each: &mut dyn FnMut(Found<'_>) -> Result<(), JournalError>,
    ) -> Result<Tail, JournalError> {
        let mut looks = 0;
        loop {
            let name = segment_name(self.segment);
            let Some(len) = disk.len(&name)? else {
                return if self.offset == 0 { Ok(Tail::Clean) } else { Err(JournalError::Rewound) };
            };
            if len < self.offset {
                return Err(JournalError::Rewound);
            }
            // Asked before reading: once the next segment exists, nothing is added to this one, so its end is the end.
            let next_exists = disk.len(&segment_name(self.segment + 1))?.is_some();
            match self.through_segment(disk, &name, each)? {
                None if next_exists => {
                    self.segment += 1;
                    self.offset = 0;
                }
                None => return Ok(Tail::Clean),
                Some(what) => {
                    let rest = disk.read(&name, self.offset, usize::MAX)?;
                    match self.judge(what, &rest, next_exists) {
                        Judgement::Whole => {}
                        Judgement::Torn => return Ok(Tail::Torn(rest.len() as u64)),
                        Judgement::Damage(_) if looks < LOOKS => looks += 1,
                        Judgement::Damage(mut damage) => {
                            if damage.resumes.is_none() && next_exists {
                                damage.resumes = first_record_from(disk, self.segment + 1)?;
                            }
                            return Err(JournalError::Damaged(Box::new(damage)));
                        }
                    }
                }
            }
        }
    }

    /// To the end of the segment, or to something that is not the next record.
    fn through_segment(
        &mut self,
        disk: &dyn Disk,
        name: &str,
        each: &mut dyn FnMut(Found<'_>) -> Result<(), JournalError>,
    ) -> Result<Option<Words>, JournalError> {
        let mut window = Window { disk, name, start: 0, bytes: Vec::new() };
        loop {
            let header = Header::parse(window.get(self.offset, HEADER)?);
            let wanted = header.as_ref().map_or(HEADER, |header| HEADER + header.length as usize);
            match self.step(header, window.get(self.offset, wanted)?) {
                Step::End => return Ok(None),
                Step::Broken(what) => return Ok(Some(what)),
                Step::Whole(header, hash, stored) => {
                    each(Found { header: &header, hash, position: self.position(), stored })?;
                    self.pass(&header, hash);
                }
            }
        }
    }

    /// The next record, at the beginning of these bytes, given the header that was parsed there.
    fn step<'a>(&self, header: Option<Header>, bytes: &'a [u8]) -> Step<'a> {
        if bytes.is_empty() {
            return Step::End;
        }
        let Some(header) = header else {
            return Step::Broken(if bytes.len() < HEADER {
                Words::new("de kop is niet volledig", "its header is incomplete")
            } else {
                Words::new("de kop klopt niet", "its header is not valid")
            });
        };
        if header.seq != self.seq + 1 || header.before != self.hash {
            return Step::Broken(OUT_OF_CHAIN);
        }
        let Some(stored) = bytes.get(HEADER..HEADER + header.length as usize) else {
            return Step::Broken(Words::new("de inhoud is niet volledig", "its content is incomplete"));
        };
        if sha256(stored) != header.content {
            return Step::Broken(Words::new("de inhoud is niet wat er geschreven is", "its content is not what was written"));
        }
        let hash = sha256(&bytes[..HEADER]);
        Step::Whole(header, hash, stored)
    }

    /// Tells a commit that was never finished from damage to something that was durable. `rest` is the segment from
    /// here, read afresh. A later commit can only follow a durable one, so a header of a later commit, or a later
    /// segment, proves damage. Within one commit a power cut may lose any sector, and what it lost reads as zeros.
    fn judge(&self, what: Words, rest: &[u8], next_exists: bool) -> Judgement {
        if let Step::Whole(..) | Step::End = self.step(Header::parse(rest), rest) {
            return Judgement::Whole;
        }
        let expected = self.seq + 1;
        let damage = |resumes| Judgement::Damage(Damage { seq: expected, position: self.position(), what, resumes });
        let later = later_headers(rest, expected).next();
        let resumes =
            later.as_ref().map(|(at, header)| (header.seq, Position { segment: self.segment, offset: self.offset + *at as u64 }));
        if next_exists || what == OUT_OF_CHAIN {
            return damage(resumes);
        }
        let Some((at, _)) = later else { return Judgement::Torn };
        let same_commit = later_headers(rest, expected).all(|(_, header)| header.commit_began() <= expected);
        if same_commit && lost_sector(self.offset, &rest[..at]) { Judgement::Torn } else { damage(resumes) }
    }
}

const OUT_OF_CHAIN: Words = Words::new("zij sluit niet aan op de regel ervoor", "it does not follow the record before it");

enum Judgement {
    /// It is whole after all: its writer has finished meanwhile.
    Whole,
    Torn,
    Damage(Damage),
}

/// Valid headers after the first byte whose number is at least `seq`, and where they are.
fn later_headers(bytes: &[u8], seq: u64) -> impl Iterator<Item = (usize, Header)> + '_ {
    (1..bytes.len().saturating_sub(HEADER - 1)).filter_map(move |at| {
        if !bytes[at..].starts_with(MAGIC) {
            return None;
        }
        let header = Header::parse(&bytes[at..]).filter(|header| header.seq >= seq)?;
        Some((at, header))
    })
}

/// Whether one of the disk's sectors in this stretch reads as zeros, as it does when it was never written.
fn lost_sector(offset: u64, bytes: &[u8]) -> bool {
    let mut from = 0;
    while from < bytes.len() {
        let left = (SECTOR - (offset + from as u64) % SECTOR) as usize;
        let to = (from + left).min(bytes.len());
        // A few zeros at the end of the stretch may be the content's own.
        if (from == 0 || to - from >= 16) && bytes[from..to].iter().all(|byte| *byte == 0) {
            return true;
        }
        from = to;
    }
    false
}

/// The first valid header from the beginning of a segment on.
pub(super) fn first_record_from(disk: &dyn Disk, segment: u32) -> Result<Option<(u64, Position)>, DiskError> {
    for segment in segments(disk)?.into_iter().filter(|number| *number >= segment) {
        let bytes = disk.read(&segment_name(segment), 0, usize::MAX)?;
        let first = Header::parse(&bytes).map(|header| (0, header)).or_else(|| later_headers(&bytes, 0).next());
        if let Some((at, header)) = first {
            return Ok(Some((header.seq, Position { segment, offset: at as u64 })));
        }
    }
    Ok(None)
}

/// The header at a place, to go on from there after damage.
pub(super) fn header_at(disk: &dyn Disk, position: Position) -> Result<Option<Header>, DiskError> {
    Ok(Header::parse(&disk.read(&segment_name(position.segment), position.offset, HEADER)?))
}

/// One record, wherever it is.
pub(super) fn read_one(disk: &dyn Disk, position: Position) -> Result<FoundOne, JournalError> {
    /// Most records fit in what is read first.
    const FIRST: usize = 4096;
    let name = segment_name(position.segment);
    let mut bytes = match disk.read(&name, position.offset, FIRST) {
        Err(DiskError::Missing { .. }) => return Err(JournalError::NoRecord(position)),
        read => read?,
    };
    let header = Header::parse(&bytes).ok_or(JournalError::NoRecord(position))?;
    let wanted = HEADER + header.length as usize;
    if wanted > bytes.len() && bytes.len() == FIRST {
        bytes.extend(disk.read(&name, position.offset + FIRST as u64, wanted - FIRST)?);
    }
    let hash = sha256(&bytes[..HEADER]);
    let stored = bytes.get(HEADER..wanted).filter(|stored| sha256(stored) == header.content).map(<[u8]>::to_vec);
    match stored {
        Some(stored) => Ok(FoundOne { header, hash, position, stored }),
        None => {
            let what = Words::new("de inhoud is niet wat er geschreven is", "its content is not what was written");
            Err(JournalError::Damaged(Box::new(Damage { seq: header.seq, position, what, resumes: None })))
        }
    }
}

/// The hash of a record, going on to it from an earlier one; nothing where the chain does not get there.
pub(super) fn hash_at(disk: &dyn Disk, mut position: Position, seq: u64) -> Result<Option<Hash>, DiskError> {
    loop {
        let name = segment_name(position.segment);
        let Some(len) = disk.len(&name)? else { return Ok(None) };
        if position.offset >= len {
            position = Position { segment: position.segment + 1, offset: 0 };
            continue;
        }
        let bytes = disk.read(&name, position.offset, HEADER)?;
        match Header::parse(&bytes) {
            Some(header) if header.seq == seq => return Ok(Some(sha256(&bytes))),
            Some(header) if header.seq < seq => position.offset += (HEADER + header.length as usize) as u64,
            _ => return Ok(None),
        }
    }
}

/// A stretch of a file in memory.
struct Window<'a> {
    disk: &'a dyn Disk,
    name: &'a str,
    start: u64,
    bytes: Vec<u8>,
}

impl Window<'_> {
    /// `wanted` bytes from `offset`; fewer only where the file ends.
    fn get(&mut self, offset: u64, wanted: usize) -> Result<&[u8], DiskError> {
        let held = offset >= self.start && offset + wanted as u64 <= self.start + self.bytes.len() as u64;
        if !held {
            self.bytes = self.disk.read(self.name, offset, wanted.max(BLOCK))?;
            self.start = offset;
        }
        let from = (offset - self.start) as usize;
        Ok(&self.bytes[from..(from + wanted).min(self.bytes.len())])
    }
}
