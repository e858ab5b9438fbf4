//! What the server decided about each thing that was pushed, with a reason that a person can act on.

use minicbor::data::Type;
use minicbor::decode::{Decode, Decoder, Error};
use minicbor::encode::{self, Encode, Encoder, Write};

use crate::admission::Step;
use crate::cbor::{self, MAX_NOTE};
use crate::codes;
use crate::record::{Code, Lang};

codes! {
    /// Why something was not accepted. The labels say what to do.
    Reason {
        MissingDependencies = "MISSING_DEPENDENCIES",
            "Dit bouwt voort op wijzigingen die de server nog niet heeft; ze worden bij de volgende keer meegestuurd. U hoeft niets te doen.",
            "This builds on changes that the server does not have yet; they are sent along next time. There is nothing you need to do.";
        Quota = "QUOTA",
            "Er zijn vandaag van dit apparaat al veel nieuwe dossiers of wijzigingen aangekomen; synchroniseer morgen opnieuw, of vraag de coördinator om ruimte.",
            "Many new dossiers or changes arrived from this device today; sync again tomorrow, or ask the coordinator for room.";
        DossierFull = "DOSSIER_FULL",
            "Dit dossier is zo groot als een dossier mag worden. Uw werk staat nog op dit apparaat; vraag de coördinator om een nieuw dossier voor deze deelnemer.",
            "This dossier is as large as one may become. Your work is still on this device; ask the coordinator for a new dossier for this trainee.";
        QuarantineFull = "QUARANTINE_FULL",
            "Er wacht van dit apparaat al te veel op een besluit. Uw werk staat nog op dit apparaat; vraag de coördinator te beslissen over wat er wacht, en synchroniseer dan opnieuw.",
            "Too much of this device waits for a decision already. Your work is still on this device; ask the coordinator to decide about what waits, then sync again.";
        AccessFull = "ACCESS_FULL",
            "Over dit dossier zijn zo veel toewijzingen gemaakt of beëindigd als er mogen zijn; vraag de coördinator om een nieuw dossier voor deze deelnemer.",
            "As many assignments of this dossier were made or ended as there may be; ask the coordinator for a new dossier for this trainee.";
        Busy = "BUSY",
            "De server is druk; synchroniseer over een paar minuten opnieuw. Alles blijft zolang op dit apparaat bewaard.",
            "The server is busy; sync again in a few minutes. Everything stays on this device until then.";
        NoGrant = "NO_GRANT",
            "U heeft op dit moment geen toegang tot dit dossier. Uw werk is niet weg: de coördinator beslist erover; neem contact op als het haast heeft.",
            "You have no access to this dossier at the moment. Your work is not lost: the coordinator decides; get in touch if it is urgent.";
        Erased = "ERASED",
            "Dit dossier is op verzoek gewist. Schrijf er niet verder in; vraag de coördinator als u denkt dat het een vergissing is.",
            "This dossier was erased on request. Do not write in it any more; ask the coordinator if you think this is a mistake.";
        GoesOn = "GOES_ON",
            "Uit het dossier is iets ingetrokken voordat de server dit had, dus het dossier gaat verder zonder. De tekst staat nog op dit apparaat; lees haar en leg haar in het dossier opnieuw vast als zij erin hoort.",
            "Something was withdrawn from the dossier before the server had this, so the dossier goes on without it. The text is still on this device; read it, and record it in the dossier again if it belongs there.";
        BsnInText = "BSN_IN_TEXT",
            "In de tekst staat een getal dat een burgerservicenummer kan zijn. Haal het weg en sla opnieuw op, of verklaar dat het er geen is.",
            "The text holds a number that may be a citizen service number. Remove it and save again, or declare that it is none.";
        BadSignature = "BAD_SIGNATURE",
            "De handtekening klopt niet: dit is onderweg veranderd. Synchroniseer opnieuw vanaf het apparaat waarop het is geschreven.",
            "The signature does not fit: this was changed on the way. Sync again from the device on which it was written.";
        UnknownSigner = "UNKNOWN_SIGNER",
            "Het apparaat dat dit schreef is bij de server niet bekend; laat dat apparaat eerst zelf aanmelden en synchroniseren.",
            "The device that wrote this is not known to the server; let that device enrol and sync first.";
        NotTheSignersActor = "NOT_THE_SIGNERS_ACTOR",
            "Dit is onder de naam van een ander apparaat geschreven. Leg het opnieuw vast op dit apparaat.",
            "This was written under the name of another device. Record it again on this device.";
        SequenceTaken = "SEQUENCE_TAKEN",
            "De server heeft van dit apparaat al een andere wijziging met dit nummer, zoals na het terugzetten van een back-up. Het werk wordt onder een nieuwe sessie opnieuw vastgelegd; controleer het daarna.",
            "The server has another change of this device with this number, as happens after restoring a backup. The work is recorded again under a new session; check it afterwards.";
        SequenceGap = "SEQUENCE_GAP",
            "Een eerdere wijziging van dit apparaat ontbreekt nog; die wordt bij de volgende keer meegestuurd. U hoeft niets te doen.",
            "An earlier change of this device is still missing; it is sent along next time. There is nothing you need to do.";
        WrongStart = "WRONG_START",
            "De nummering in deze wijziging klopt niet. Het werk wordt op dit apparaat opnieuw vastgelegd; controleer het daarna.",
            "The numbering in this change is wrong. The work is recorded again on this device; check it afterwards.";
        TooLarge = "TOO_LARGE",
            "Dit is te groot voor één wijziging. Verdeel het: kortere teksten, of een import in delen.",
            "This is too large for one change. Split it: shorter texts, or an import in parts.";
        Malformed = "MALFORMED",
            "De server kan dit niet lezen. Werk Veldboek bij en leg het opnieuw vast; blijft het zo, meld het dan bij de beheerder.",
            "The server cannot read this. Update Veldboek and record it again; if it stays, tell the administrator.";
        OperationNotAllowed = "OPERATION_NOT_ALLOWED",
            "Deze wijziging verwijdert of overschrijft iets dat vastligt, of maakt iets wat hier niet hoort. Werk Veldboek bij en leg het opnieuw vast; blijft het zo, meld het dan bij de beheerder.",
            "This change removes or overwrites something that is fixed, or makes something that does not belong here. Update Veldboek and record it again; if it stays, tell the administrator.";
        MissingObject = "MISSING_OBJECT",
            "Deze wijziging gaat over iets wat in dit dossier niet bestaat. Synchroniseer en leg het opnieuw vast; blijft het zo, meld het dan bij de beheerder.",
            "This change is about something that does not exist in this dossier. Sync and record it again; if it stays, tell the administrator.";
        WrongDocumentKind = "WRONG_DOCUMENT_KIND",
            "Dit hoort in een ander soort document: gegevens van een deelnemer in een dossier, programma's en organisaties in het register. Leg het daar opnieuw vast.",
            "This belongs in another kind of document: a trainee's data in a dossier, programmes and organisations in the register. Record it again there.";
        NotAllowed = "NOT_ALLOWED",
            "Hiervoor is een andere rol nodig. Vraag een coördinator om dit te doen.",
            "This needs another role. Ask a coordinator to do it.";
        UnknownDocument = "UNKNOWN_DOCUMENT",
            "De server kent dit dossier nog niet; de opening ervan wordt bij de volgende keer meegestuurd. U hoeft niets te doen.",
            "The server does not know this dossier yet; its opening is sent along next time. There is nothing you need to do.";
        Revoked = "REVOKED",
            "Het apparaat dat dit schreef is ingetrokken. Dit werk telt pas als de coördinator erover beslist; neem contact op als het nodig is.",
            "The device that wrote this was revoked. This work counts only when the coordinator decides so; get in touch if it is needed.";
        NotTaken = "NOT_TAKEN",
            "De coördinator heeft dit niet overgenomen. De tekst staat nog op dit apparaat; overleg met de coördinator, of leg het anders vast.",
            "The coordinator did not take this in. The text is still on this device; talk to the coordinator, or record it differently.";
        Held = "HELD",
            "De server is teruggezet uit een reservekopie en wacht op de beheerder. Alles blijft zolang op dit apparaat bewaard; synchroniseer later opnieuw.",
            "The server was put back from a backup and waits for its administrator. Everything stays on this device until then; sync again later.";
        Decided = "DECIDED",
            "Hierover is al beslist, of het wacht niet meer; toon opnieuw wat er nog wacht.",
            "This was decided already, or no longer waits; show again what still does.";
        NotTheSame = "NOT_THE_SAME",
            "Het dossier dat opnieuw is geschreven, is niet precies het oude zonder wat is ingetrokken. Synchroniseer en trek opnieuw in; blijft het zo, meld het dan bij de beheerder.",
            "The dossier that was written anew is not exactly the old one without what was withdrawn. Sync and withdraw again; if it stays, tell the administrator.";
        WithdrawAnew = "WITHDRAW_ANEW",
            "Zo trok een oudere versie van Veldboek iets in, en dat kan niet meer worden nagegaan. Werk Veldboek bij en trek het opnieuw in.",
            "This is how an older version of Veldboek withdrew something, which can no longer be checked. Update Veldboek and withdraw it again.";
        Other = "OTHER",
            "De server gaf een reden die deze versie niet kent. Werk Veldboek bij en synchroniseer opnieuw.",
            "The server gave a reason that this version does not know. Update Veldboek and sync again.";
    }
}

impl Reason {
    /// Whether it is about room: the same can be sent again when there is some.
    pub const fn is_about_room(self) -> bool {
        matches!(self, Self::Quota | Self::DossierFull | Self::QuarantineFull | Self::AccessFull)
    }

    /// What to tell the author of work that waits for a coordinator: nothing that they do now changes anything about it.
    pub fn while_waiting(self, lang: Lang) -> &'static str {
        match (self, lang) {
            (Self::BsnInText, Lang::Nl) => {
                "In de tekst staat een getal dat een burgerservicenummer kan zijn. De coördinator beslist of dit binnenkomt; u hoeft \
                 niets te doen, en uw tekst blijft hier te lezen."
            }
            (Self::BsnInText, Lang::En) => {
                "The text holds a number that may be a citizen service number. The coordinator decides whether it comes in; there is \
                 nothing you need to do, and your text can still be read here."
            }
            _ => self.label(lang),
        }
    }
}

/// A reason, and what the server adds to it in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    /// The reason.
    pub reason: Reason,
    /// Details for a person, if any.
    pub text: Option<String>,
    /// The step of the gate that said so, for whoever looks into it; none when the gate had no part in it.
    pub step: Option<Step>,
}

impl Why {
    /// What to tell the person: the reason with what to do, and the details.
    pub fn show(&self, lang: Lang) -> String {
        let step = self.step.map(|step| step.label(lang));
        match (&self.text, step) {
            (Some(text), _) => format!("{} ({text})", self.reason.label(lang)),
            (None, Some(step)) => format!("{} ({step})", self.reason.label(lang)),
            (None, None) => self.reason.label(lang).to_owned(),
        }
    }

    /// A reason with the step at which it came up.
    pub fn at(step: Step, reason: Reason) -> Self {
        Self { reason, text: None, step: Some(step) }
    }
}

impl From<Reason> for Why {
    fn from(reason: Reason) -> Self {
        Self { reason, text: None, step: None }
    }
}

/// The server's decision about one pushed statement or change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Durable on the server, under this number of the feed (also when it was there already).
    Accepted {
        /// The number.
        seq: u64,
    },
    /// Not now: send it again.
    Deferred(Why),
    /// Kept apart for the coordinator to decide on.
    Quarantined(Why),
    /// Never.
    Refused(Why),
}

impl<C> Encode<C> for Verdict {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        let (code, why) = match self {
            // Nearly all verdicts are this one: a bare number.
            Self::Accepted { seq } => return e.u64(*seq)?.ok(),
            Self::Deferred(why) => (1, why),
            Self::Quarantined(why) => (2, why),
            Self::Refused(why) => (3, why),
        };
        e.map(2 + u64::from(why.text.is_some()) + u64::from(why.step.is_some()))?
            .u8(0)?
            .u8(code)?
            .u8(1)?
            .str(why.reason.code())?;
        if let Some(text) = &why.text {
            e.u8(2)?.str(text)?;
        }
        if let Some(step) = why.step {
            e.u8(3)?.str(step.code())?;
        }
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for Verdict {
    fn decode(d: &mut Decoder<'b>, ctx: &mut C) -> Result<Self, Error> {
        if matches!(d.datatype()?, Type::U8 | Type::U16 | Type::U32 | Type::U64) {
            return Ok(Self::Accepted { seq: d.u64()? });
        }
        let (mut code, mut reason, mut text, mut step) = (None, Reason::Other, None, None);
        for _ in 0..d.map()?.ok_or_else(|| Error::message("a map of definite length was expected"))? {
            match d.u64()? {
                0 => code = Some(d.u32()?),
                1 => reason = Reason::from_code(d.str()?).unwrap_or(Reason::Other),
                2 => text = cbor::some_text::<C, MAX_NOTE>(d, ctx)?,
                3 => step = Step::from_code(d.str()?),
                _ => d.skip()?,
            }
        }
        let why = Why { reason, text, step };
        match code {
            Some(1) => Ok(Self::Deferred(why)),
            Some(2) => Ok(Self::Quarantined(why)),
            Some(3) => Ok(Self::Refused(why)),
            _ => Err(Error::message("an unknown verdict")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field_book::Forbidden;

    /// A phone has no command line: whoever has one adds the command.
    #[test]
    fn no_reason_names_a_command_and_what_is_forbidden_says_what_it_is() {
        for reason in Reason::ALL {
            for lang in [Lang::Nl, Lang::En] {
                for said in [reason.label(lang), reason.while_waiting(lang)] {
                    assert!(!said.contains("veldboek ") && !said.contains('`'), "{said}");
                }
            }
        }
        let said = |what: Forbidden| [what.message(Lang::Nl), what.message(Lang::En)];
        assert!(said(Forbidden::AskErasure).iter().zip(["wissen", "erasure"]).all(|(said, word)| said.contains(word)));
        assert!(said(Forbidden::Withdraw).iter().zip(["trekt het in", "withdraws"]).all(|(said, word)| said.contains(word)));
        assert!(said(Forbidden::Withdraw).iter().all(|said| !said.contains("wissen") && !said.contains("eras")));
    }
}
