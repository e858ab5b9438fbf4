//! How a server says no.

use crate::cbor::{self, MAX_NAME, MAX_NOTE};
use crate::codes;
use crate::record::{Code, Lang};
use crate::statement::{MAX_STATEMENT, Role};
use crate::wire::VERSION;

codes! {
    /// Why a whole request was not handled. The labels say what to do.
    ErrorCode {
        UnknownDevice = "UNKNOWN_DEVICE",
            "De server kent dit apparaat niet; meld het aan met een code van de coördinator (veldboek enrol).",
            "The server does not know this device; enrol it with a code from the coordinator (veldboek enrol).";
        Revoked = "REVOKED",
            "Dit apparaat is ingetrokken; vraag de coördinator om een nieuwe uitnodiging als dat een vergissing is.",
            "This device was revoked; ask the coordinator for a new invitation if that is a mistake.";
        BadSignature = "BAD_SIGNATURE",
            "De server kon niet nagaan dat dit verzoek van dit apparaat komt; controleer het adres van de server en probeer opnieuw.",
            "The server could not tell that this request is from this device; check the server's address and try again.";
        StaleNonce = "STALE_NONCE",
            "Het verzoek was niet meer vers; het wordt vanzelf nog eens verstuurd.",
            "The request was no longer fresh; it is sent once more by itself.";
        WrongServer = "WRONG_SERVER",
            "Op dit adres staat een andere server dan waar dit apparaat bij hoort; controleer het adres.",
            "At this address is another server than the one this device belongs to; check the address.";
        WrongCode = "WRONG_CODE",
            "Deze code bestaat niet of is al gebruikt; kijk of zij goed is overgetypt, of vraag de coördinator om een nieuwe.",
            "This code does not exist or was used already; check the spelling, or ask the coordinator for a new one.";
        ExpiredCode = "EXPIRED_CODE",
            "Deze code is verlopen of te vaak verkeerd ingevoerd; vraag de coördinator om een nieuwe.",
            "This code has expired or was entered wrongly too often; ask the coordinator for a new one.";
        NotAllowed = "NOT_ALLOWED",
            "Hiervoor is een andere rol nodig; vraag een coördinator.",
            "This needs another role; ask a coordinator.";
        NotFound = "NOT_FOUND",
            "Dat kent de server niet; kijk of het goed is gespeld.",
            "The server does not know that; check the spelling.";
        TooLarge = "TOO_LARGE",
            "Dit is meer dan de server in één keer aanneemt; synchroniseer opnieuw, dan gaat het in delen.",
            "This is more than the server takes at once; sync again and it goes in parts.";
        Malformed = "MALFORMED",
            "De server kan dit verzoek niet lezen; werk Veldboek bij en probeer opnieuw.",
            "The server cannot read this request; update Veldboek and try again.";
        NewerVersion = "NEWER_VERSION",
            "Dit apparaat heeft een nieuwere versie dan de server; vraag de beheerder de server bij te werken.",
            "This device has a newer version than the server; ask the administrator to update the server.";
        Busy = "BUSY",
            "De server is druk; probeer het over een paar minuten opnieuw.",
            "The server is busy; try again in a few minutes.";
        TooMany = "TOO_MANY",
            "De server kreeg in korte tijd te veel verzoeken; probeer het over een paar minuten opnieuw. Alles blijft op dit apparaat bewaard.",
            "The server got too many requests in a short time; try again in a few minutes. Everything stays on this device.";
        LockedOut = "LOCKED_OUT",
            "De server neemt een tijd lang niets van dit apparaat aan, omdat er te veel verkeerde verzoeken kwamen; probeer het later opnieuw en waarschuw de beheerder als het terugkomt. Alles blijft op dit apparaat bewaard.",
            "The server takes nothing from this device for a while, because too many wrong requests came; try again later, and tell the administrator if it happens again. Everything stays on this device.";
        Unavailable = "UNAVAILABLE",
            "De server kan nu niets bewaren; waarschuw de beheerder en probeer het later opnieuw. Alles blijft op dit apparaat bewaard.",
            "The server cannot store anything now; tell the administrator and try again later. Everything stays on this device.";
        EnrolledAlready = "ENROLLED_ALREADY",
            "Dit apparaat is al aangemeld; wissel uit met `veldboek sync`.",
            "This device is enrolled already; exchange with `veldboek sync`.";
        KnownOtherwise = "KNOWN_OTHERWISE",
            "Deze persoon is bekend met een andere rol of organisatie; neem een andere code voor iemand anders, of dezelfde rol en organisatie.",
            "This person is known with another role or organisation; use another code for somebody else, or the same role and organisation.";
        NoOrganisation = "NO_ORGANISATION",
            "Een coach of coördinator werkt voor een organisatie; noem haar met --organisation CODE.",
            "A coach or coordinator works for an organisation; name it with --organisation CODE.";
        ErasedAlready = "ERASED_ALREADY",
            "Dit dossier is al gewist; `erase list` toont welke apparaten dat bevestigden.",
            "This dossier was erased already; `erase list` shows which devices confirmed it.";
        NotAsked = "ERASURE_NOT_ASKED",
            "Niemand heeft gevraagd om dit dossier te wissen; een coördinator vraagt het met `veldboek trainee erase`, en `erase list` toont het dan.",
            "Nobody asked to erase this dossier; a coordinator does with `veldboek trainee erase`, and `erase list` shows it.";
        OwnDevice = "OWN_DEVICE",
            "Dit is het apparaat waarop u werkt; trek het in vanaf een ander apparaat of op de server.",
            "This is the device you are working on; revoke it from another device, or at the server.";
        AlreadyWiped = "ALREADY_WIPED",
            "Het apparaat heeft zich al gewist; er kan niets meer van komen.",
            "The device has wiped itself already; nothing more can come from it.";
        Held = "HELD",
            "De server is teruggezet uit een reservekopie en wacht op de beheerder; probeer het opnieuw als de beheerder hem heeft vrijgegeven.",
            "The server was put back from a backup and waits for its administrator; try again when the administrator has reopened it.";
        Other = "OTHER",
            "De server gaf een fout die deze versie niet kent; werk Veldboek bij en probeer opnieuw.",
            "The server gave an error that this version does not know; update Veldboek and try again.";
    }
}

/// The body of every answer that is not a success.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct ErrorAnswer {
    /// [`VERSION`].
    #[n(0)]
    pub version: u32,
    /// What is wrong.
    #[n(1)]
    #[cbor(encode_with = "cbor::code::encode", decode_with = "error_code")]
    pub code: ErrorCode,
    /// Details for a person, in English, if any.
    #[n(2)]
    #[cbor(decode_with = "cbor::some_text::<Ctx, MAX_NOTE>", nil = "cbor::absent")]
    pub text: Option<String>,
    /// With `REVOKED`: the signed revocation, which the device checks before it obeys.
    #[n(3)]
    #[cbor(
        encode_with = "minicbor::bytes::encode",
        decode_with = "cbor::bytes::<Ctx, MAX_STATEMENT>",
        skip_if = "Vec::is_empty"
    )]
    pub revocation: Vec<u8>,
    /// After how many seconds it is worth trying again.
    #[n(4)]
    pub retry_after: Option<u32>,
    /// With `KNOWN_OTHERWISE`: as whom the server knows the person.
    #[n(5)]
    pub known: Option<KnownAs>,
}

/// As whom the server knows a person.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct KnownAs {
    /// Code of the person.
    #[n(0)]
    #[cbor(decode_with = "cbor::text::<Ctx, MAX_NAME>")]
    pub person: String,
    /// The role.
    #[n(1)]
    #[cbor(with = "cbor::code")]
    pub role: Role,
    /// Code of the organisation.
    #[n(2)]
    #[cbor(decode_with = "cbor::text::<Ctx, MAX_NAME>")]
    pub organisation: String,
}

impl ErrorAnswer {
    /// What is the matter and, behind a semicolon, what to do next.
    pub fn message(&self, lang: Lang) -> String {
        match (self.code, lang, &self.known, &self.text) {
            (ErrorCode::KnownOtherwise, Lang::Nl, Some(known), _) => format!(
                "'{}' is bekend als {} van '{}'; neem een andere code voor iemand anders, of dezelfde rol en organisatie.",
                known.person,
                known.role.label(lang).to_lowercase(),
                known.organisation
            ),
            (ErrorCode::KnownOtherwise, Lang::En, Some(known), _) => format!(
                "'{}' is known as {} of '{}'; use another code for somebody else, or the same role and organisation.",
                known.person,
                known.role.label(lang).to_lowercase(),
                known.organisation
            ),
            // What has no code here comes in the server's own words, which are English.
            (ErrorCode::Other, Lang::En, _, Some(said)) => said.clone(),
            (code, ..) => code.label(lang).to_owned(),
        }
    }
}

impl From<ErrorCode> for ErrorAnswer {
    fn from(code: ErrorCode) -> Self {
        Self { version: VERSION, code, text: None, revocation: Vec::new(), retry_after: None, known: None }
    }
}

/// A code of a newer server is still an error, and its text still says why.
fn error_code<Ctx>(d: &mut minicbor::Decoder<'_>, _: &mut Ctx) -> Result<ErrorCode, minicbor::decode::Error> {
    Ok(<ErrorCode as Code>::from_code(d.str()?).unwrap_or(ErrorCode::Other))
}
