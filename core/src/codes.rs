//! The stable codes of the trade with their labels: what files, JSON and documents hold, and what people read.
//!
//! The order within a list is the order of reports.

use crate::codes;

mod properties;

pub use properties::{Success, SuccessRank};

codes! {
    /// TargetGroup.
    TargetGroup {
        Pro = "PRO", "Praktijkonderwijs", "Pro";
        Vso = "VSO", "Voortgezet speciaal onderwijs", "Vso";
        ExProVso = "EX_PRO_VSO", "Oud-leerling pro/vso", "Ex pro vso";
        Vsv = "VSV", "Voortijdig schoolverlater", "Vsv";
        FormerVsv = "FORMER_VSV", "Oud-vsv-er", "Former vsv";
        VulnerableYouth = "VULNERABLE_YOUTH", "Jongere in kwetsbare positie", "Vulnerable youth";
        NoStartQualification = "NO_START_QUALIFICATION", "Zonder startkwalificatie", "No start qualification";
        LimitedWithStartQualification = "LIMITED_WITH_START_QUALIFICATION", "Met startkwalificatie, niet regulier aan het werk", "Limited with start qualification";
        Nugger = "NUGGER", "Niet-uitkeringsgerechtigde", "Nugger";
        BenefitEntitled = "BENEFIT_ENTITLED", "Uitkeringsgerechtigde", "Benefit entitled";
        WwYouth = "WW_YOUTH", "WW-jongere", "Ww youth";
        PermitHolder = "PERMIT_HOLDER", "Statushouder", "Permit holder";
        Age55Plus = "AGE_55_PLUS", "55-plusser", "Age 55 plus";
        JobAgreement = "JOB_AGREEMENT", "Banenafspraak / doelgroepregister", "Job agreement";
        OutOfSight = "OUT_OF_SIGHT", "Onzichtbare jongere", "Out of sight";
        DisplacedUkraine = "DISPLACED_UKRAINE", "Ontheemde Oekraïne", "Displaced ukraine";
        SelfEmployed = "SELF_EMPLOYED", "Zelfstandige (ZZP)", "Self employed";
        SideEntrant = "SIDE_ENTRANT", "Zij-instromer / werkende", "Side entrant";
    }
    /// OutflowDestination.
    OutflowDestination {
        Work = "WORK", "Arbeid", "Work";
        ShelteredWork = "SHELTERED_WORK", "Beschut werk", "Sheltered work";
        WorkLearnBbl = "WORK_LEARN_BBL", "Arbeid en leren (BBL)", "Work learn bbl";
        LearnBol = "LEARN_BOL", "Leren (BOL, MBO)", "Learn bol";
        Vmbo = "VMBO", "VMBO", "Vmbo";
        OtherPro = "OTHER_PRO", "Andere school voor PRO", "Other pro";
        OtherVso = "OTHER_VSO", "Andere school voor VSO", "Other vso";
        DayActivity = "DAY_ACTIVITY", "Dagbesteding", "Day activity";
        None = "NONE", "Geen werk of school", "None";
        Unknown = "UNKNOWN", "Onbekend", "Unknown";
        TrainingPath = "TRAINING_PATH", "Toeleidings-/trainingstraject", "Training path";
        MovedAbroad = "MOVED_ABROAD", "Verhuisd naar buitenland", "Moved abroad";
        Other = "OTHER", "Overig", "Other";
    }
    /// IncomeSituation.
    IncomeSituation {
        WorkOnly = "WORK_ONLY", "Werk", "Work only";
        WorkAndBenefit = "WORK_AND_BENEFIT", "Werk en uitkering", "Work and benefit";
        BenefitOnly = "BENEFIT_ONLY", "Uitkering", "Benefit only";
        Neither = "NEITHER", "Geen werk geen uitkering", "Neither";
        Education = "EDUCATION", "Vervolgonderwijs", "Education";
        Unknown = "UNKNOWN", "Onbekend", "Unknown";
    }
    /// OutflowProfile.
    OutflowProfile {
        FurtherEducation = "FURTHER_EDUCATION", "Vervolgonderwijs", "Further education";
        Labour = "LABOUR", "Arbeid", "Labour";
        DayActivity = "DAY_ACTIVITY", "Dagbesteding", "Day activity";
        Unknown = "UNKNOWN", "Onbekend", "Unknown";
    }
    /// GoalDirection.
    GoalDirection {
        Work = "WORK", "Toeleiding naar werk", "Work";
        Education = "EDUCATION", "Toeleiding naar opleiding", "Education";
        DayActivity = "DAY_ACTIVITY", "Dagbesteding", "Day activity";
    }
    /// TrajectoryPhase.
    TrajectoryPhase {
        Approached = "APPROACHED", "Benaderd", "Approached";
        Referred = "REFERRED", "Aangemeld", "Referred";
        IntakeDone = "INTAKE_DONE", "Intake gedaan", "Intake done";
        Agreed = "AGREED", "Overeenkomst getekend (gestart)", "Agreed";
        Assigned = "ASSIGNED", "Coach toegewezen", "Assigned";
        Training = "TRAINING", "In scholing", "Training";
        Searching = "SEARCHING", "Zoekt werkplek", "Searching";
        Internship = "INTERNSHIP", "Stage / werkervaring", "Internship";
        Placed = "PLACED", "Geplaatst", "Placed";
        FinalPhase = "FINAL_PHASE", "In eindfase", "Final phase";
        Aftercare = "AFTERCARE", "Nazorg", "Aftercare";
        Paused = "PAUSED", "Onderbroken", "Paused";
        Closed = "CLOSED", "Afgesloten", "Closed";
    }
    /// ClosingReason.
    ClosingReason {
        GoalReached = "GOAL_REACHED", "Doel bereikt", "Goal reached";
        ReportedBack = "REPORTED_BACK", "Teruggemeld", "Reported back";
        StoppedEarly = "STOPPED_EARLY", "Voortijdig gestopt", "Stopped early";
        NoInflow = "NO_INFLOW", "Geen instroom na intake", "No inflow";
        Transferred = "TRANSFERRED", "Overgedragen aan partner", "Transferred";
        Moved = "MOVED", "Verhuisd", "Moved";
        Deceased = "DECEASED", "Overleden", "Deceased";
        WithdrawnConsent = "WITHDRAWN_CONSENT", "Toestemming ingetrokken", "Withdrawn consent";
    }
    /// PlacementType.
    PlacementType {
        InternshipInternal = "INTERNSHIP_INTERNAL", "Interne stage / praktijkvak", "Internship internal";
        InternshipExternal = "INTERNSHIP_EXTERNAL", "Externe stage", "Internship external";
        WorkExperience = "WORK_EXPERIENCE", "Werkervaringsplaats", "Work experience";
        StepUpJob = "STEP_UP_JOB", "Doorstroombaan", "Step up job";
        Trial = "TRIAL", "Proefplaatsing", "Trial";
        PaidJob = "PAID_JOB", "Betaalde baan", "Paid job";
        LearningJob = "LEARNING_JOB", "Leerbaan (o.a. BBL)", "Learning job";
        Sheltered = "SHELTERED", "Beschut werk", "Sheltered";
        Secondment = "SECONDMENT", "Detachering", "Secondment";
        Education = "EDUCATION", "Opleiding", "Education";
        DayActivity = "DAY_ACTIVITY", "Dagbesteding", "Day activity";
    }
    /// PlacementEndReason.
    PlacementEndReason {
        Completed = "COMPLETED", "Afgerond volgens plan", "Completed";
        Converted = "CONVERTED", "Omgezet (stage naar baan)", "Converted";
        ContractEnded = "CONTRACT_ENDED", "Contract niet verlengd", "Contract ended";
        Dismissed = "DISMISSED", "Ontslag", "Dismissed";
        Resigned = "RESIGNED", "Zelf gestopt", "Resigned";
        Mismatch = "MISMATCH", "Geen match", "Mismatch";
        Absence = "ABSENCE", "Langdurige afwezigheid", "Absence";
        CompanyClosed = "COMPANY_CLOSED", "Bedrijf gestopt", "Company closed";
    }
    /// Instrument.
    Instrument {
        WageCostSubsidy = "WAGE_COST_SUBSIDY", "Loonkostensubsidie", "Wage cost subsidy";
        JobCoachingExternal = "JOB_COACHING_EXTERNAL", "Jobcoaching (extern)", "Job coaching external";
        JobCoachingInternal = "JOB_COACHING_INTERNAL", "Jobcoaching (intern)", "Job coaching internal";
        TrialPlacement = "TRIAL_PLACEMENT", "Proefplaatsing", "Trial placement";
        WageValueAssessment = "WAGE_VALUE_ASSESSMENT", "Loonwaardemeting", "Wage value assessment";
        OtherWorkplace = "OTHER_WORKPLACE", "Overige werkplek / werkervaringsplaats", "Other workplace";
        WorkplaceAdaptation = "WORKPLACE_ADAPTATION", "Werkplekaanpassing", "Workplace adaptation";
        OtherFacility = "OTHER_FACILITY", "Overige faciliterende voorziening", "Other facility";
        ShelteredWork = "SHELTERED_WORK", "Beschut werk", "Sheltered work";
        LanguageSupport = "LANGUAGE_SUPPORT", "Taalondersteuning", "Language support";
        Ips = "IPS", "IPS-traject", "Ips";
    }
    /// CoachingRegime.
    CoachingRegime {
        None = "NONE", "Geen", "None";
        VeryLight = "VERY_LIGHT", "Zeer licht", "Very light";
        Light = "LIGHT", "Licht", "Light";
        Medium = "MEDIUM", "Midden", "Medium";
        Intensive = "INTENSIVE", "Intensief", "Intensive";
    }
    /// VisitType.
    VisitType {
        InternshipVisit = "INTERNSHIP_VISIT", "Stagebezoek", "Internship visit";
        WorkplaceVisit = "WORKPLACE_VISIT", "Werkplekbezoek", "Workplace visit";
        ProgressReview = "PROGRESS_REVIEW", "Voortgangsgesprek", "Progress review";
        Evaluation = "EVALUATION", "(Tussen)evaluatie", "Evaluation";
        EmployerTalk = "EMPLOYER_TALK", "Gesprek werkgever", "Employer talk";
        HomeOrFamily = "HOME_OR_FAMILY", "Gesprek thuis / ouders", "Home or family";
        AftercareContact = "AFTERCARE_CONTACT", "Nazorgcontact", "Aftercare contact";
        Intake = "INTAKE", "Intake", "Intake";
        CaseConference = "CASE_CONFERENCE", "Casusoverleg", "Case conference";
    }
    /// ContactMode.
    ContactMode {
        OnSite = "ON_SITE", "Op locatie", "On site";
        Phone = "PHONE", "Telefoon", "Phone";
        Video = "VIDEO", "Beeldbellen", "Video";
        Message = "MESSAGE", "Bericht", "Message";
    }
    /// VisitStatus.
    VisitStatus {
        Planned = "PLANNED", "Gepland", "Planned";
        Done = "DONE", "Uitgevoerd", "Done";
        NoShow = "NO_SHOW", "Niet verschenen", "No show";
        Cancelled = "CANCELLED", "Afgezegd", "Cancelled";
    }
    /// PartySpoken.
    PartySpoken {
        Trainee = "TRAINEE", "Jongere/kandidaat", "Trainee";
        WorkplaceSupervisor = "WORKPLACE_SUPERVISOR", "Werkbegeleider", "Workplace supervisor";
        Employer = "EMPLOYER", "Werkgever", "Employer";
        Parent = "PARENT", "Ouder/verzorger", "Parent";
        School = "SCHOOL", "School (vervolg)", "School";
        Municipality = "MUNICIPALITY", "Gemeente/WSP", "Municipality";
        Other = "OTHER", "Anders", "Other";
    }
    /// HourActivity.
    HourActivity {
        CoachTrainee = "COACH_TRAINEE", "Begeleiding kandidaat", "Coach trainee";
        CoachEmployer = "COACH_EMPLOYER", "Begeleiding werkgever/collega's", "Coach employer";
        Network = "NETWORK", "Overleg derden", "Network";
        PlacementSearch = "PLACEMENT_SEARCH", "Werkplek zoeken", "Placement search";
        AdminReport = "ADMIN_REPORT", "Verslag en administratie", "Admin report";
        Travel = "TRAVEL", "Reistijd", "Travel";
    }
    /// Sector.
    Sector {
        Green = "GREEN", "Groen", "Green";
        Retail = "RETAIL", "Detailhandel", "Retail";
        Hospitality = "HOSPITALITY", "Horeca", "Hospitality";
        Care = "CARE", "Zorg en welzijn", "Care";
        Tech = "TECH", "Techniek / metaal / installatie", "Tech";
        Construction = "CONSTRUCTION", "Bouw en infra", "Construction";
        MediaIct = "MEDIA_ICT", "Media en ICT", "Media ict";
        Transport = "TRANSPORT", "Vervoer en logistiek", "Transport";
        Childcare = "CHILDCARE", "Kinderopvang", "Childcare";
        Energy = "ENERGY", "Energietransitie", "Energy";
        Recycling = "RECYCLING", "Hout en recycling", "Recycling";
        Other = "OTHER", "Overig", "Other";
    }
    /// Pillar.
    Pillar {
        WorkToWork = "WORK_TO_WORK", "Van werk naar werk", "Work to work";
        BenefitToWork = "BENEFIT_TO_WORK", "Van uitkering naar werk", "Benefit to work";
        EducationToWork = "EDUCATION_TO_WORK", "Van onderwijs naar werk", "Education to work";
        Employment = "EMPLOYMENT", "Werkgelegenheid", "Employment";
    }
    /// ProgrammeCategory.
    ProgrammeCategory {
        LearnWork = "LEARN_WORK", "Scholings- en leerwerkproject", "Learn work";
        Development = "DEVELOPMENT", "Ontwikkeltraject", "Development";
    }
    /// SuccessDefinition.
    SuccessDefinition {
        PaidWork = "PAID_WORK", "Bemiddeld naar werk", "Paid work";
        WorkOrEducation = "WORK_OR_EDUCATION", "Werk of opleiding", "Work or education";
        WorkEducationDay = "WORK_EDUCATION_DAY", "Werk, opleiding of dagbesteding", "Work education day";
        SectorCouncil = "SECTOR_COUNCIL", "Uitstroommonitor-definitie", "Sector council";
    }
    /// CertificateType.
    CertificateType {
        PracticeStatement = "PRACTICE_STATEMENT", "Praktijkverklaring (SBB/Boris)", "Practice statement";
        SectorCertificate = "SECTOR_CERTIFICATE", "Branchecertificaat", "Sector certificate";
        MboCertificate = "MBO_CERTIFICATE", "Mbo-certificaat", "Mbo certificate";
        MboPartial = "MBO_PARTIAL", "Mbo-deelcertificaat", "Mbo partial";
        SchoolDiploma = "SCHOOL_DIPLOMA", "Schooldiploma pro", "School diploma";
        MboDiploma = "MBO_DIPLOMA", "Mbo-diploma (entree, niveau 2)", "Mbo diploma";
        Participation = "PARTICIPATION", "Bewijs van deelname", "Participation";
    }
    /// OrganisationRole.
    OrganisationRole {
        Municipality = "MUNICIPALITY", "Gemeente", "Municipality";
        SchoolPro = "SCHOOL_PRO", "School PRO", "School pro";
        SchoolVso = "SCHOOL_VSO", "School VSO (cluster 3 of 4)", "School vso";
        SchoolMbo = "SCHOOL_MBO", "Mbo", "School mbo";
        Rmc = "RMC", "RMC / Doorstroompunt", "Rmc";
        YouthDesk = "YOUTH_DESK", "Jongerenloket", "Youth desk";
        EmployerDesk = "EMPLOYER_DESK", "WSP", "Employer desk";
        Uwv = "UWV", "UWV", "Uwv";
        TransitionOrg = "TRANSITION_ORG", "Arbeidstoeleidingsorganisatie", "Transition org";
        ReintegrationCompany = "REINTEGRATION_COMPANY", "Re-integratiebedrijf", "Reintegration company";
        Ministry = "MINISTRY", "SZW / OCW / DUO", "Ministry";
        Funder = "FUNDER", "Financier", "Funder";
        Care = "CARE", "Zorg-/ggz-instelling", "Care";
    }
    /// FundingKind.
    FundingKind {
        Impuls = "IMPULS", "Impuls Baankansen", "Impuls";
        Esf = "ESF", "ESF / ESF+", "Esf";
        Pow = "POW", "Perspectief op Werk", "Pow";
        Waw = "WAW", "Werken aan Werk", "Waw";
        Aj = "AJ", "Aanpak Jeugdwerkloosheid", "Aj";
        Crisis = "CRISIS", "Crisisdienstverlening", "Crisis";
        RmcVsv = "RMC_VSV", "RMC/VSV-middelen", "Rmc vsv";
        Municipal = "MUNICIPAL", "Gemeentelijke re-integratiemiddelen", "Municipal";
        Province = "PROVINCE", "Provincie", "Province";
        Uwv = "UWV", "UWV jobcoachvoorziening", "Uwv";
        RegionalReserve = "REGIONAL_RESERVE", "Regionale reserve", "Regional reserve";
        Other = "OTHER", "Overig (O&O, MRA, Divosa, co-financiering)", "Other";
    }
    /// AftercareStatus.
    AftercareStatus {
        StillInPlace = "STILL_IN_PLACE", "Nog op dezelfde plek", "Still in place";
        ChangedOk = "CHANGED_OK", "Andere plek, werk/school", "Changed ok";
        LostPlace = "LOST_PLACE", "Uitgevallen, geen plek", "Lost place";
        Unreachable = "UNREACHABLE", "Niet bereikt", "Unreachable";
        Declined = "DECLINED", "Wil geen nazorg", "Declined";
    }
    /// Score.
    Score {
        One = "1", "Niet (nog niet gezien in werk)", "Not shown yet";
        Two = "2", "Onvoldoende", "Insufficient";
        Three = "3", "Voldoende", "Sufficient";
        Four = "4", "Goed", "Good";
        NotObserved = "NOT_OBSERVED", "Niet beoordeeld", "Not observed";
    }
    /// Competence.
    Competence {
        OnTime = "ON_TIME", "Op tijd komen", "On time";
        Appointments = "APPOINTMENTS", "Afspraken nakomen en afmelden", "Appointments";
        Cooperate = "COOPERATE", "Samenwerken en overleggen", "Cooperate";
        Instructions = "INSTRUCTIONS", "Instructies en procedures opvolgen", "Instructions";
        Materials = "MATERIALS", "Materialen en middelen inzetten", "Materials";
        Quality = "QUALITY", "Kwaliteit leveren", "Quality";
        Plan = "PLAN", "Plannen en organiseren", "Plan";
        Adapt = "ADAPT", "Omgaan met verandering", "Adapt";
        Persevere = "PERSEVERE", "Doorzetten, omgaan met druk en tegenslag", "Persevere";
        Learn = "LEARN", "Leren", "Learn";
        Communicate = "COMMUNICATE", "Formuleren en rapporteren", "Communicate";
        Customer = "CUSTOMER", "Omgaan met klanten", "Customer";
        Craft = "CRAFT", "Vakdeskundigheid toepassen", "Craft";
        Feedback = "FEEDBACK", "Omgaan met feedback en gezag", "Feedback";
        Motivation = "MOTIVATION", "Inzet en motivatie", "Motivation";
        Independent = "INDEPENDENT", "Zelfstandig werken", "Independent";
        Pace = "PACE", "Werktempo", "Pace";
        Hygiene = "HYGIENE", "Verzorging en hygiëne", "Hygiene";
        Safety = "SAFETY", "Veilig werken", "Safety";
    }
    /// ProgrammeStatus.
    ProgrammeStatus {
        Planned = "PLANNED", "Gepland", "Planned";
        NotStarted = "NOT_STARTED", "Niet gestart", "Not started";
        Running = "RUNNING", "Loopt", "Running";
        Delayed = "DELAYED", "Vertraagd", "Delayed";
        Stopped = "STOPPED", "Gestopt", "Stopped";
        Completed = "COMPLETED", "Afgerond", "Completed";
        Regular = "REGULAR", "Regulier geworden", "Regular";
    }
    /// TrainingResult.
    TrainingResult {
        Running = "RUNNING", "Loopt", "Running";
        Completed = "COMPLETED", "Afgerond", "Completed";
        Passed = "PASSED", "Behaald", "Passed";
        Stopped = "STOPPED", "Gestopt", "Stopped";
    }
    /// Contract.
    Contract {
        None = "NONE", "Geen contract", "None";
        Fixed = "FIXED", "Tijdelijk", "Fixed";
        Permanent = "PERMANENT", "Vast", "Permanent";
    }
    /// TargetMetric.
    TargetMetric {
        Started = "STARTED", "Gestart", "Started";
        TrainingCompleted = "TRAINING_COMPLETED", "Scholing afgerond", "Training completed";
        Placed = "PLACED", "Geplaatst", "Placed";
        Observed = "OBSERVED", "Waargenomen", "Observed";
    }
    /// TargetUnit.
    TargetUnit {
        Trajectories = "TRAJECTORIES", "Trajecten", "Trajectories";
        Persons = "PERSONS", "Personen", "Persons";
    }
    /// ActivityKind.
    ActivityKind {
        Regular = "REGULAR", "Reguliere activiteit", "Regular";
        Precondition = "PRECONDITION", "Voorwaarden scheppend", "Precondition";
        Project = "PROJECT", "Project", "Project";
        ProcessImprovement = "PROCESS_IMPROVEMENT", "Procesverbetering", "Process improvement";
        Experiment = "EXPERIMENT", "Experiment", "Experiment";
    }
    /// SchoolType.
    SchoolType {
        Pro = "PRO", "Praktijkonderwijs", "Pro";
        Vso = "VSO", "Voortgezet speciaal onderwijs", "Vso";
        Mbo = "MBO", "Mbo", "Mbo";
        Vmbo = "VMBO", "Vmbo", "Vmbo";
    }
    /// ConsentKind.
    ConsentKind {
        ShareWithEmployer = "SHARE_WITH_EMPLOYER", "Delen met werkgever", "Share with employer";
        Story = "STORY", "Ervaringsverhaal", "Story";
        Photo = "PHOTO", "Foto", "Photo";
        Other = "OTHER", "Overig", "Other";
    }
    /// Who referred a trainee: an organisation's role, the person, or a parent.
    ReferrerRole {
        Itself = "SELF", "Zelf", "Self";
        Parent = "PARENT", "Ouder/verzorger", "Parent or carer";
        Municipality = "MUNICIPALITY", "Gemeente", "Municipality";
        SchoolPro = "SCHOOL_PRO", "School PRO", "School pro";
        SchoolVso = "SCHOOL_VSO", "School VSO (cluster 3 of 4)", "School vso";
        SchoolMbo = "SCHOOL_MBO", "Mbo", "School mbo";
        Rmc = "RMC", "RMC / Doorstroompunt", "Rmc";
        YouthDesk = "YOUTH_DESK", "Jongerenloket", "Youth desk";
        EmployerDesk = "EMPLOYER_DESK", "WSP", "Employer desk";
        Uwv = "UWV", "UWV", "Uwv";
        TransitionOrg = "TRANSITION_ORG", "Arbeidstoeleidingsorganisatie", "Transition org";
        ReintegrationCompany = "REINTEGRATION_COMPANY", "Re-integratiebedrijf", "Reintegration company";
        Ministry = "MINISTRY", "SZW / OCW / DUO", "Ministry";
        Funder = "FUNDER", "Financier", "Funder";
        Care = "CARE", "Zorg-/ggz-instelling", "Care";
    }
    /// The part a coach has in an assignment.
    AssignmentRole {
        Primary = "PRIMARY", "Eerste coach", "Primary coach";
        Support = "SUPPORT", "Tweede coach", "Supporting coach";
    }
}
