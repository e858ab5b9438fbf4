//! The attacks that lie in a change itself: they meet the same gate in a push and in a bundle.

use automerge::transaction::Transactable;
use automerge::{ObjType, ROOT, ScalarValue, marks};
use flate2::Compression;
use flate2::write::DeflateEncoder;
use rand_core::CryptoRng;
use std::io::Write;
use veldboek_core::admission::Step;
use veldboek_core::chunk::ChangeHeader;
use veldboek_core::ids::DeviceId;

use super::Told;
use super::forge::{Maker, Parts, Story, chunk, envelope, leb, sleb};

/// An attack that lies in what is pushed.
#[derive(Debug, Clone)]
pub struct Case {
    /// Which of the sixteen.
    pub number: u8,
    /// What is attacked.
    pub name: &'static str,
    /// What must come of it.
    pub expected: Told,
    /// Statements that go first.
    pub statements: Vec<Vec<u8>>,
    /// Changes that go first, and are in order.
    pub before: Vec<Vec<u8>>,
    /// The push with its one fault.
    pub faulty: Vec<Vec<u8>>,
    /// Of how many of the faulty push, from its end, the verdict is looked at; the others are in order.
    pub looked_at: usize,
    /// The same without the fault.
    pub control: Vec<Vec<u8>>,
    /// Whether a bundle can carry it too.
    pub merges: bool,
}

/// Where the cases are made.
struct Workshop<'a> {
    maker: &'a Maker,
    rng: &'a mut dyn CryptoRng,
    cases: Vec<Case>,
}

/// All of them, each in a dossier of its own. `victim` is another device, whose name is taken in vain.
pub fn cases(maker: &Maker, victim: DeviceId, rng: &mut dyn CryptoRng) -> Vec<Case> {
    let mut workshop = Workshop { maker, rng, cases: Vec::new() };
    workshop.names(victim);
    workshop.rows();
    workshop.dependencies();
    workshop.bombs();
    workshop.columns();
    workshop.objects();
    workshop.operations();
    workshop.sizes();
    workshop.cases
}

impl Workshop<'_> {
    /// Adds a case in a dossier that begins with its first change.
    fn add(&mut self, number: u8, name: &'static str, expected: Told, story: &Story, faulty: Vec<u8>, control: &[Vec<u8>]) {
        let signed = |chunk: &[u8]| self.maker.signed(story.document, chunk);
        let case = Case {
            number,
            name,
            expected,
            statements: vec![story.opening.clone()],
            before: vec![signed(&story.first)],
            faulty: vec![faulty],
            looked_at: 1,
            control: control.iter().map(|chunk| signed(chunk)).collect(),
            merges: true,
        };
        self.cases.push(case);
    }

    fn refused(step: Step) -> Told {
        Told::Refused(Some(step))
    }

    fn names(&mut self, victim: DeviceId) {
        let maker = self.maker;
        let mut story = maker.opens(self.rng);
        let honest = story.visit(maker, "In de kelder, zonder bereik");
        let mut parts = Parts::of(&honest);
        parts.actor[..16].copy_from_slice(victim.as_bytes());
        let forged = maker.signed(story.document, &parts.chunk());
        self.add(1, "forged actor", Self::refused(Step::Actor), &story, forged, &[honest]);

        let mut story = maker.opens(self.rng);
        let honest = story.visit(maker, "Met de jas aan");
        let mut forged = maker.signed(story.document, &honest);
        if let Some(last) = forged.last_mut() {
            *last ^= 1;
        }
        self.add(2, "forged signature", Self::refused(Step::Signature), &story, forged, std::slice::from_ref(&honest));
        let mut story = maker.opens(self.rng);
        let honest = story.visit(maker, "Bij de bakker");
        let unsigned = envelope(story.document, &honest, None);
        self.add(2, "missing signature", Self::refused(Step::Signature), &story, unsigned, &[honest]);
    }

    fn rows(&mut self) {
        let maker = self.maker;
        let mut story = maker.opens(self.rng);
        let mut other = story.clone();
        let one = story.visit(maker, "Wat er gebeurde");
        let another = other.visit(maker, "Wat er ook gebeurd zou zijn");
        let next = story.visit(maker, "Wat er ook gebeurd zou zijn");
        let faulty = maker.signed(story.document, &another);
        self.add(3, "equivocation: two changes, one number", Self::refused(Step::Sequence), &story, faulty, &[next]);
        if let Some(case) = self.cases.last_mut() {
            case.before.push(maker.signed(story.document, &one));
        }

        let mut story = maker.opens(self.rng);
        let honest = story.visit(maker, "Bezoek twee");
        let parts = Parts { seq: 3, ..Parts::of(&honest) };
        let faulty = maker.signed(story.document, &parts.chunk());
        self.add(4, "gap in the numbers", Told::Deferred(Some(Step::Sequence)), &story, faulty, &[honest]);
    }

    fn dependencies(&mut self) {
        let maker = self.maker;
        let mut story = maker.opens(self.rng);
        let chain: Vec<Vec<u8>> = (0..600).map(|number| story.edit(maker, "gn", &format!("Sanne {number}"))).collect();
        self.add(5, "dependency bomb: 599 orphans", Told::Deferred(Some(Step::Dependencies)), &story, Vec::new(), &chain);
        if let Some(case) = self.cases.last_mut() {
            case.faulty = case.control[1..].to_vec();
            case.looked_at = case.faulty.len();
        }

        let elsewhere = maker.opens(self.rng);
        let mut story = maker.opens(self.rng);
        let honest = story.visit(maker, "In dit dossier");
        let mut parts = Parts::of(&honest);
        parts.deps = vec![*ChangeHeader::parse(&elsewhere.first).expect("a chunk").hash.as_bytes()];
        let faulty = maker.signed(story.document, &parts.chunk());
        let expected = Told::Deferred(Some(Step::Dependencies));
        self.add(6, "dependencies in another document", expected, &story, faulty, &[honest]);
        if let Some(case) = self.cases.last_mut() {
            case.statements.push(elsewhere.opening.clone());
            case.before.push(maker.signed(elsewhere.document, &elsewhere.first));
        }

        let mut story = maker.opens(self.rng);
        let honest = story.edit(maker, "gn", "Sanna");
        let mut parts = Parts::of(&honest);
        parts.start_op += 1_000_000;
        let faulty = maker.signed(story.document, &parts.chunk());
        self.add(7, "start_op jump", Self::refused(Step::Start), &story, faulty, &[honest]);
    }

    fn bombs(&mut self) {
        let maker = self.maker;
        let story = maker.opens(self.rng);
        let bomb = story.repeated(8_000_000, maker.at).chunk();
        let control = story.repeated(8, maker.at).chunk();
        let faulty = maker.signed(story.document, &bomb);
        self.add(8, "operation bomb: eight million in a line", Self::refused(Step::Limit), &story, faulty, &[control]);

        let mut story = maker.opens(self.rng);
        let honest = story.visit(maker, "Uitgepakt");
        let mut bomb = chunk(2, &deflated(&vec![0; 64 << 20]));
        bomb[4..8].copy_from_slice(&honest[4..8]);
        let faulty = maker.signed(story.document, &bomb);
        self.add(9, "inflate bomb: a compressed chunk", Self::refused(Step::Chunk), &story, faulty, &[honest]);

        let mut story = maker.opens(self.rng);
        let honest = story.visit(maker, "Uitgepakt");
        let mut parts = Parts::of(&honest);
        parts.columns.remove(&21);
        parts.columns.insert(21 | 8, deflated(&vec![0; 64 << 20]));
        let faulty = maker.signed(story.document, &parts.chunk());
        self.add(9, "inflate bomb: a compressed column", Self::refused(Step::Scan), &story, faulty, &[honest]);
    }

    fn columns(&mut self) {
        let maker = self.maker;
        let mut story = maker.opens(self.rng);
        let honest = story.visit(maker, "Een lege reeks");
        let mut parts = Parts::of(&honest);
        parts.columns.insert(66, vec![0, 0]);
        let faulty = maker.signed(story.document, &parts.chunk());
        self.add(10, "malformed column: an empty run", Self::refused(Step::Scan), &story, faulty, &[honest]);

        let story = maker.opens(self.rng);
        let honest = story.repeated(8, maker.at);
        let mut parts = honest.clone();
        parts.columns.insert(66, [sleb(-8), vec![1; 8]].concat());
        let faulty = maker.signed(story.document, &parts.chunk());
        self.add(
            10,
            "malformed column: a second way to write it",
            Self::refused(Step::Encoding),
            &story,
            faulty,
            &[honest.chunk()],
        );
    }

    fn objects(&mut self) {
        let maker = self.maker;
        let mut story = maker.opens(self.rng);
        let honest = story.edit(maker, "fi", "S");
        let mut parts = Parts::of(&honest);
        parts.columns.insert(2, [sleb(-1), leb(5_000)].concat());
        let faulty = maker.signed(story.document, &parts.chunk());
        self.add(11, "operation on a missing object", Self::refused(Step::Object), &story, faulty, std::slice::from_ref(&honest));

        let mut story = maker.opens(self.rng);
        let honest = story.edit(maker, "gn", "Sanna");
        let mut parts = Parts::of(&honest);
        assert!(parts.columns.contains_key(&115), "it overwrites a value");
        parts.columns.insert(115, [sleb(-1), sleb(5)].concat());
        let faulty = maker.signed(story.document, &parts.chunk());
        self.add(11, "overwriting what is not there", Self::refused(Step::Object), &story, faulty, &[honest]);
    }

    fn operations(&mut self) {
        let maker = self.maker;
        let mut attack = |name: &'static str, work: &dyn Fn(&mut automerge::AutoCommit, &automerge::ObjId, &automerge::ObjId)| {
            let mut story = maker.opens(self.rng);
            let standing = story.visit(maker, "Wat er stond");
            let faulty = story.anything(maker.at, |doc| {
                let visits = Story::container(doc, "visits");
                let key = automerge::ReadDoc::keys(doc, &visits).next().expect("a visit");
                let visit = automerge::ReadDoc::get(doc, &visits, &key).expect("a document").expect("a visit").1;
                work(doc, &visits, &visit);
            });
            let faulty = maker.signed(story.document, &faulty);
            let honest = story.visit(maker, "Ernaast");
            self.add(12, name, Self::refused(Step::Operation), &story, faulty, &[honest]);
            if let Some(case) = self.cases.last_mut() {
                case.before.push(maker.signed(story.document, &standing));
            }
        };
        attack("a map put over the visits container", &|doc, _, _| drop(doc.put_object(ROOT, "visits", ObjType::Map)));
        attack("the visits container deleted", &|doc, _, _| drop(doc.delete(ROOT, "visits")));
        attack("a new root container", &|doc, _, _| drop(doc.put_object(ROOT, "extra", ObjType::Map)));
        attack("a visit overwritten by a map", &|doc, visits, _| {
            let key = automerge::ReadDoc::keys(doc, visits).next().expect("a visit");
            drop(doc.put_object(visits, key, ObjType::Map));
        });
        attack("a visit overwritten by a value", &|doc, visits, _| {
            let key = automerge::ReadDoc::keys(doc, visits).next().expect("a visit");
            drop(doc.put(visits, key, "weg"));
        });
        attack("a text of a visit deleted", &|doc, _, visit| drop(doc.delete(visit, "n")));
        attack("whose visit it is, written again", &|doc, _, visit| drop(doc.put(visit, "c", "iemand-anders")));
        attack("a list among the visits", &|doc, visits, _| drop(doc.put_object(visits, "lijst", ObjType::List)));
        attack("a map within a visit", &|doc, _, visit| drop(doc.put_object(visit, "diep", ObjType::Map)));
        attack("a text with a mark", &|doc, _, visit| {
            let text = doc.put_object(visit, "tekst", ObjType::Text).expect("a text");
            doc.splice_text(&text, 0, 0, "vet").expect("a text");
            doc.mark(&text, marks::Mark::new("bold".into(), true, 0, 3), marks::ExpandMark::Both).expect("a mark");
        });
        attack("a counter", &|doc, _, visit| drop(doc.put(visit, "teller", ScalarValue::counter(3))));
        attack("a value in the middle of the visits", &|doc, visits, _| drop(doc.put(visits, "los", 1)));
    }

    fn sizes(&mut self) {
        let maker = self.maker;
        let mut story = maker.opens(self.rng);
        let mut large = story.clone();
        let faulty = large.visit(maker, &"lang ".repeat(230_000));
        let honest = story.visit(maker, &"lang ".repeat(20_000));
        let faulty = maker.signed(story.document, &faulty);
        self.add(13, "oversize: a text of more than a MiB", Self::refused(Step::Limit), &story, faulty, &[honest]);

        // Four changes of which the server looks at three in one exchange.
        let story = maker.opens(self.rng);
        let mut parts = story.repeated(16_000, maker.at);
        let mut row = Vec::new();
        for _ in 0..4 {
            let chunk = parts.chunk();
            parts.deps = vec![*ChangeHeader::parse(&chunk).expect("a chunk").hash.as_bytes()];
            parts.seq += 1;
            parts.start_op += 16_000;
            row.push(maker.signed(story.document, &chunk));
        }
        let last = row.last().cloned().unwrap_or_default();
        self.add(13, "quota: more operations than one exchange", Told::Deferred(Some(Step::Quota)), &story, last, &[]);
        if let Some(case) = self.cases.last_mut() {
            case.control = case.faulty.clone();
            case.faulty = row;
            case.merges = false;
        }
    }
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}
