//! The stable codes of the trade with their labels: what files, JSON and documents hold, and what people read.
//!
//! The order within a list is the order of reports.

use crate::codes;

mod properties;

pub use properties::{Success, SuccessRank};

codes! {
    /// Groups of people that programmes and funders ask for. The group is recorded, never the diagnosis.
    TargetGroup {
        Pro = "PRO", "Praktijkonderwijs", "Practical education";
        Vso = "VSO", "Voortgezet speciaal onderwijs", "Secondary special education";
        ExProVso = "EX_PRO_VSO", "Oud-leerling pro/vso", "Former pupil of pro or vso";
        Vsv = "VSV", "Voortijdig schoolverlater", "Early school leaver";
        FormerVsv = "FORMER_VSV", "Oud-vsv-er", "Former early school leaver";
        VulnerableYouth = "VULNERABLE_YOUTH", "Jongere in kwetsbare positie", "Young person in a vulnerable position";
        NoStartQualification = "NO_START_QUALIFICATION", "Zonder startkwalificatie", "Without start qualification";
        LimitedWithStartQualification = "LIMITED_WITH_START_QUALIFICATION", "Met startkwalificatie, niet regulier aan het werk", "With start qualification, not in regular work";
        Nugger = "NUGGER", "Niet-uitkeringsgerechtigde", "Not entitled to benefit";
        BenefitEntitled = "BENEFIT_ENTITLED", "Uitkeringsgerechtigde", "Entitled to benefit";
        WwYouth = "WW_YOUTH", "WW-jongere", "Young person on unemployment benefit";
        PermitHolder = "PERMIT_HOLDER", "Statushouder", "Permit holder";
        Age55Plus = "AGE_55_PLUS", "55-plusser", "55 or older";
        JobAgreement = "JOB_AGREEMENT", "Banenafspraak / doelgroepregister", "Job agreement (target group register)";
        OutOfSight = "OUT_OF_SIGHT", "Onzichtbare jongere", "Young person out of sight";
        DisplacedUkraine = "DISPLACED_UKRAINE", "Ontheemde Oekraïne", "Displaced from Ukraine";
        SelfEmployed = "SELF_EMPLOYED", "Zelfstandige (ZZP)", "Self-employed";
        SideEntrant = "SIDE_ENTRANT", "Zij-instromer / werkende", "Side entrant or worker";
    }
    /// Where a trainee goes after a school or programme: the ten rows of the published tables, then those of other monitors.
    OutflowDestination {
        Work = "WORK", "Arbeid", "Work";
        ShelteredWork = "SHELTERED_WORK", "Beschut werk", "Sheltered work";
        WorkLearnBbl = "WORK_LEARN_BBL", "Arbeid en leren (BBL)", "Work and learning (BBL)";
        LearnBol = "LEARN_BOL", "Leren (BOL, MBO)", "Learning (BOL, MBO)";
        Vmbo = "VMBO", "VMBO", "VMBO";
        OtherPro = "OTHER_PRO", "Andere school voor PRO", "Another PRO school";
        OtherVso = "OTHER_VSO", "Andere school voor VSO", "Another VSO school";
        DayActivity = "DAY_ACTIVITY", "Dagbesteding", "Day activity";
        None = "NONE", "Geen werk of school", "No work or school";
        Unknown = "UNKNOWN", "Onbekend", "Unknown";
        TrainingPath = "TRAINING_PATH", "Toeleidings-/trainingstraject", "Guidance or training path";
        MovedAbroad = "MOVED_ABROAD", "Verhuisd naar buitenland", "Moved abroad";
        Other = "OTHER", "Overig", "Other";
    }
    /// What a trainee lives on after leaving: an axis of its own beside the destination.
    IncomeSituation {
        WorkOnly = "WORK_ONLY", "Werk", "Work";
        WorkAndBenefit = "WORK_AND_BENEFIT", "Werk en uitkering", "Work and benefit";
        BenefitOnly = "BENEFIT_ONLY", "Uitkering", "Benefit";
        Neither = "NEITHER", "Geen werk geen uitkering", "Neither work nor benefit";
        Education = "EDUCATION", "Vervolgonderwijs", "Further education";
        Unknown = "UNKNOWN", "Onbekend", "Unknown";
    }
    /// What a vso school prepares a pupil for.
    OutflowProfile {
        FurtherEducation = "FURTHER_EDUCATION", "Vervolgonderwijs", "Further education";
        Labour = "LABOUR", "Arbeid", "Work";
        DayActivity = "DAY_ACTIVITY", "Dagbesteding", "Day activity";
        Unknown = "UNKNOWN", "Onbekend", "Unknown";
    }
    /// What a trajectory leads to.
    GoalDirection {
        Work = "WORK", "Toeleiding naar werk", "Towards work";
        Education = "EDUCATION", "Toeleiding naar opleiding", "Towards education";
        DayActivity = "DAY_ACTIVITY", "Dagbesteding", "Day activity";
    }
    /// How far a trajectory is, in the order of the process. Derived from dates and events, never typed.
    TrajectoryPhase {
        Approached = "APPROACHED", "Benaderd", "Approached";
        Referred = "REFERRED", "Aangemeld", "Referred";
        IntakeDone = "INTAKE_DONE", "Intake gedaan", "Intake done";
        Agreed = "AGREED", "Overeenkomst getekend (gestart)", "Agreement signed (started)";
        Assigned = "ASSIGNED", "Coach toegewezen", "Coach assigned";
        Training = "TRAINING", "In scholing", "In training";
        Searching = "SEARCHING", "Zoekt werkplek", "Looking for a place";
        Internship = "INTERNSHIP", "Stage / werkervaring", "Internship or work experience";
        Placed = "PLACED", "Geplaatst", "Placed";
        FinalPhase = "FINAL_PHASE", "In eindfase", "In the final phase";
        Aftercare = "AFTERCARE", "Nazorg", "Aftercare";
        Paused = "PAUSED", "Onderbroken", "Paused";
        Closed = "CLOSED", "Afgesloten", "Closed";
    }
    /// Why a trajectory ended.
    ClosingReason {
        GoalReached = "GOAL_REACHED", "Doel bereikt", "Goal reached";
        ReportedBack = "REPORTED_BACK", "Teruggemeld", "Reported back";
        StoppedEarly = "STOPPED_EARLY", "Voortijdig gestopt", "Stopped early";
        NoInflow = "NO_INFLOW", "Geen instroom na intake", "No inflow after intake";
        Transferred = "TRANSFERRED", "Overgedragen aan partner", "Transferred to a partner";
        Moved = "MOVED", "Verhuisd", "Moved";
        Deceased = "DECEASED", "Overleden", "Deceased";
        WithdrawnConsent = "WITHDRAWN_CONSENT", "Toestemming ingetrokken", "Consent withdrawn";
    }
    /// What kind of place a trainee has. Which of them are paid, and which count as a success, is said by its methods.
    PlacementType {
        InternshipInternal = "INTERNSHIP_INTERNAL", "Interne stage / praktijkvak", "Internal internship";
        InternshipExternal = "INTERNSHIP_EXTERNAL", "Externe stage", "External internship";
        WorkExperience = "WORK_EXPERIENCE", "Werkervaringsplaats", "Work experience place";
        StepUpJob = "STEP_UP_JOB", "Doorstroombaan", "Step-up job";
        Trial = "TRIAL", "Proefplaatsing", "Trial placement";
        PaidJob = "PAID_JOB", "Betaalde baan", "Paid job";
        LearningJob = "LEARNING_JOB", "Leerbaan (o.a. BBL)", "Learning job (such as BBL)";
        Sheltered = "SHELTERED", "Beschut werk", "Sheltered work";
        Secondment = "SECONDMENT", "Detachering", "Secondment";
        Education = "EDUCATION", "Opleiding", "Education";
        DayActivity = "DAY_ACTIVITY", "Dagbesteding", "Day activity";
    }
    /// Why a placement ended, without medical detail.
    PlacementEndReason {
        Completed = "COMPLETED", "Afgerond volgens plan", "Completed as planned";
        Converted = "CONVERTED", "Omgezet (stage naar baan)", "Converted (internship to job)";
        ContractEnded = "CONTRACT_ENDED", "Contract niet verlengd", "Contract not renewed";
        Dismissed = "DISMISSED", "Ontslag", "Dismissed";
        Resigned = "RESIGNED", "Zelf gestopt", "Resigned";
        Mismatch = "MISMATCH", "Geen match", "No match";
        Absence = "ABSENCE", "Langdurige afwezigheid", "Long absence";
        CompanyClosed = "COMPANY_CLOSED", "Bedrijf gestopt", "Company closed";
    }
    /// Provisions that help a trainee or employer.
    Instrument {
        WageCostSubsidy = "WAGE_COST_SUBSIDY", "Loonkostensubsidie", "Wage cost subsidy";
        JobCoachingExternal = "JOB_COACHING_EXTERNAL", "Jobcoaching (extern)", "Job coaching (external)";
        JobCoachingInternal = "JOB_COACHING_INTERNAL", "Jobcoaching (intern)", "Job coaching (internal)";
        TrialPlacement = "TRIAL_PLACEMENT", "Proefplaatsing", "Trial placement";
        WageValueAssessment = "WAGE_VALUE_ASSESSMENT", "Loonwaardemeting", "Wage value assessment";
        OtherWorkplace = "OTHER_WORKPLACE", "Overige werkplek / werkervaringsplaats", "Other workplace or work experience place";
        WorkplaceAdaptation = "WORKPLACE_ADAPTATION", "Werkplekaanpassing", "Workplace adaptation";
        OtherFacility = "OTHER_FACILITY", "Overige faciliterende voorziening", "Other facility";
        ShelteredWork = "SHELTERED_WORK", "Beschut werk", "Sheltered work";
        LanguageSupport = "LANGUAGE_SUPPORT", "Taalondersteuning", "Language support";
        Ips = "IPS", "IPS-traject", "IPS trajectory";
    }
    /// How intensive the coaching is, which is what a trajectory weighs in a caseload.
    CoachingRegime {
        None = "NONE", "Geen", "None";
        VeryLight = "VERY_LIGHT", "Zeer licht", "Very light";
        Light = "LIGHT", "Licht", "Light";
        Medium = "MEDIUM", "Midden", "Medium";
        Intensive = "INTENSIVE", "Intensief", "Intensive";
    }
    /// What a visit is for.
    VisitType {
        InternshipVisit = "INTERNSHIP_VISIT", "Stagebezoek", "Internship visit";
        WorkplaceVisit = "WORKPLACE_VISIT", "Werkplekbezoek", "Workplace visit";
        ProgressReview = "PROGRESS_REVIEW", "Voortgangsgesprek", "Progress review";
        Evaluation = "EVALUATION", "(Tussen)evaluatie", "(Interim) evaluation";
        EmployerTalk = "EMPLOYER_TALK", "Gesprek werkgever", "Talk with the employer";
        HomeOrFamily = "HOME_OR_FAMILY", "Gesprek thuis / ouders", "Talk at home or with parents";
        AftercareContact = "AFTERCARE_CONTACT", "Nazorgcontact", "Aftercare contact";
        Intake = "INTAKE", "Intake", "Intake";
        CaseConference = "CASE_CONFERENCE", "Casusoverleg", "Case conference";
    }
    /// How coach and trainee met. A message is no visit that was due.
    ContactMode {
        OnSite = "ON_SITE", "Op locatie", "On site";
        Phone = "PHONE", "Telefoon", "Telephone";
        Video = "VIDEO", "Beeldbellen", "Video call";
        Message = "MESSAGE", "Bericht", "Message";
    }
    /// What became of a visit. A no-show is an attempt, not a visit.
    VisitStatus {
        Planned = "PLANNED", "Gepland", "Planned";
        Done = "DONE", "Uitgevoerd", "Done";
        NoShow = "NO_SHOW", "Niet verschenen", "No-show";
        Cancelled = "CANCELLED", "Afgezegd", "Cancelled";
    }
    /// Who was spoken to at a visit, or will do what was agreed.
    PartySpoken {
        Trainee = "TRAINEE", "Jongere/kandidaat", "Trainee";
        WorkplaceSupervisor = "WORKPLACE_SUPERVISOR", "Werkbegeleider", "Workplace supervisor";
        Employer = "EMPLOYER", "Werkgever", "Employer";
        Parent = "PARENT", "Ouder/verzorger", "Parent or carer";
        School = "SCHOOL", "School (vervolg)", "School (next)";
        Municipality = "MUNICIPALITY", "Gemeente/WSP", "Municipality or employer desk";
        Other = "OTHER", "Anders", "Other";
    }
    /// What hours are spent on.
    HourActivity {
        CoachTrainee = "COACH_TRAINEE", "Begeleiding kandidaat", "Coaching the trainee";
        CoachEmployer = "COACH_EMPLOYER", "Begeleiding werkgever/collega's", "Coaching employer or colleagues";
        Network = "NETWORK", "Overleg derden", "Consulting others";
        PlacementSearch = "PLACEMENT_SEARCH", "Werkplek zoeken", "Looking for a place";
        AdminReport = "ADMIN_REPORT", "Verslag en administratie", "Reports and administration";
        Travel = "TRAVEL", "Reistijd", "Travel";
    }
    /// Branches of work.
    Sector {
        Green = "GREEN", "Groen", "Green";
        Retail = "RETAIL", "Detailhandel", "Retail";
        Hospitality = "HOSPITALITY", "Horeca", "Hospitality";
        Care = "CARE", "Zorg en welzijn", "Care and welfare";
        Tech = "TECH", "Techniek / metaal / installatie", "Technology, metal and installation";
        Construction = "CONSTRUCTION", "Bouw en infra", "Construction and infrastructure";
        MediaIct = "MEDIA_ICT", "Media en ICT", "Media and ICT";
        Transport = "TRANSPORT", "Vervoer en logistiek", "Transport and logistics";
        Childcare = "CHILDCARE", "Kinderopvang", "Childcare";
        Energy = "ENERGY", "Energietransitie", "Energy transition";
        Recycling = "RECYCLING", "Hout en recycling", "Wood and recycling";
        Other = "OTHER", "Overig", "Other";
    }
    /// Lines of the regional agenda.
    Pillar {
        WorkToWork = "WORK_TO_WORK", "Van werk naar werk", "From work to work";
        BenefitToWork = "BENEFIT_TO_WORK", "Van uitkering naar werk", "From benefit to work";
        EducationToWork = "EDUCATION_TO_WORK", "Van onderwijs naar werk", "From education to work";
        Employment = "EMPLOYMENT", "Werkgelegenheid", "Employment";
    }
    /// Categories of the programme monitor.
    ProgrammeCategory {
        LearnWork = "LEARN_WORK", "Scholings- en leerwerkproject", "Training and learn-work project";
        Development = "DEVELOPMENT", "Ontwikkeltraject", "Development track";
    }
    /// What a programme means by success; printed on every report.
    SuccessDefinition {
        PaidWork = "PAID_WORK", "Bemiddeld naar werk", "Placed in work";
        WorkOrEducation = "WORK_OR_EDUCATION", "Werk of opleiding", "Work or education";
        WorkEducationDay = "WORK_EDUCATION_DAY", "Werk, opleiding of dagbesteding", "Work, education or day activity";
        SectorCouncil = "SECTOR_COUNCIL", "Uitstroommonitor-definitie", "Definition of the sector councils";
    }
    /// Proofs of what a trainee has learned.
    CertificateType {
        PracticeStatement = "PRACTICE_STATEMENT", "Praktijkverklaring (SBB/Boris)", "Practice statement (SBB/Boris)";
        SectorCertificate = "SECTOR_CERTIFICATE", "Branchecertificaat", "Sector certificate";
        MboCertificate = "MBO_CERTIFICATE", "Mbo-certificaat", "MBO certificate";
        MboPartial = "MBO_PARTIAL", "Mbo-deelcertificaat", "Partial MBO certificate";
        SchoolDiploma = "SCHOOL_DIPLOMA", "Schooldiploma pro", "School diploma of pro";
        MboDiploma = "MBO_DIPLOMA", "Mbo-diploma (entree, niveau 2)", "MBO diploma (entry, level 2)";
        Participation = "PARTICIPATION", "Bewijs van deelname", "Proof of participation";
    }
    /// The part an organisation has in the region.
    OrganisationRole {
        Municipality = "MUNICIPALITY", "Gemeente", "Municipality";
        SchoolPro = "SCHOOL_PRO", "School PRO", "PRO school";
        SchoolVso = "SCHOOL_VSO", "School VSO (cluster 3 of 4)", "VSO school (cluster 3 or 4)";
        SchoolMbo = "SCHOOL_MBO", "Mbo", "MBO";
        Rmc = "RMC", "RMC / Doorstroompunt", "RMC or transition point";
        YouthDesk = "YOUTH_DESK", "Jongerenloket", "Youth desk";
        EmployerDesk = "EMPLOYER_DESK", "WSP", "Employer desk (WSP)";
        Uwv = "UWV", "UWV", "UWV";
        TransitionOrg = "TRANSITION_ORG", "Arbeidstoeleidingsorganisatie", "Transition organisation";
        ReintegrationCompany = "REINTEGRATION_COMPANY", "Re-integratiebedrijf", "Reintegration company";
        Ministry = "MINISTRY", "SZW / OCW / DUO", "Ministry (SZW, OCW, DUO)";
        Funder = "FUNDER", "Financier", "Funder";
        Care = "CARE", "Zorg-/ggz-instelling", "Care organisation";
    }
    /// Where money comes from.
    FundingKind {
        Impuls = "IMPULS", "Impuls Baankansen", "Impuls Baankansen";
        Esf = "ESF", "ESF / ESF+", "ESF or ESF+";
        Pow = "POW", "Perspectief op Werk", "Perspectief op Werk";
        Waw = "WAW", "Werken aan Werk", "Werken aan Werk";
        Aj = "AJ", "Aanpak Jeugdwerkloosheid", "Youth unemployment approach";
        Crisis = "CRISIS", "Crisisdienstverlening", "Crisis services";
        RmcVsv = "RMC_VSV", "RMC/VSV-middelen", "RMC and early leaving funds";
        Municipal = "MUNICIPAL", "Gemeentelijke re-integratiemiddelen", "Municipal reintegration funds";
        Province = "PROVINCE", "Provincie", "Province";
        Uwv = "UWV", "UWV jobcoachvoorziening", "UWV job coaching provision";
        RegionalReserve = "REGIONAL_RESERVE", "Regionale reserve", "Regional reserve";
        Other = "OTHER", "Overig (O&O, MRA, Divosa, co-financiering)", "Other (training funds, MRA, Divosa, co-financing)";
    }
    /// What an aftercare contact found.
    AftercareStatus {
        StillInPlace = "STILL_IN_PLACE", "Nog op dezelfde plek", "Still in the same place";
        ChangedOk = "CHANGED_OK", "Andere plek, werk/school", "Another place, work or school";
        LostPlace = "LOST_PLACE", "Uitgevallen, geen plek", "Dropped out, no place";
        Unreachable = "UNREACHABLE", "Niet bereikt", "Not reached";
        Declined = "DECLINED", "Wil geen nazorg", "Wants no aftercare";
    }
    /// How well a competence is shown at work. NOT_OBSERVED is left out of averages.
    Score {
        One = "1", "Niet (nog niet gezien in werk)", "Not shown (not seen at work yet)";
        Two = "2", "Onvoldoende", "Insufficient";
        Three = "3", "Voldoende", "Sufficient";
        Four = "4", "Goed", "Good";
        NotObserved = "NOT_OBSERVED", "Niet beoordeeld", "Not assessed";
    }
    /// What is scored at a visit.
    Competence {
        OnTime = "ON_TIME", "Op tijd komen", "Being on time";
        Appointments = "APPOINTMENTS", "Afspraken nakomen en afmelden", "Keeping appointments and reporting absence";
        Cooperate = "COOPERATE", "Samenwerken en overleggen", "Working together and consulting";
        Instructions = "INSTRUCTIONS", "Instructies en procedures opvolgen", "Following instructions and procedures";
        Materials = "MATERIALS", "Materialen en middelen inzetten", "Using materials and tools";
        Quality = "QUALITY", "Kwaliteit leveren", "Delivering quality";
        Plan = "PLAN", "Plannen en organiseren", "Planning and organising";
        Adapt = "ADAPT", "Omgaan met verandering", "Handling change";
        Persevere = "PERSEVERE", "Doorzetten, omgaan met druk en tegenslag", "Persevering, handling pressure and setbacks";
        Learn = "LEARN", "Leren", "Learning";
        Communicate = "COMMUNICATE", "Formuleren en rapporteren", "Expressing and reporting";
        Customer = "CUSTOMER", "Omgaan met klanten", "Dealing with customers";
        Craft = "CRAFT", "Vakdeskundigheid toepassen", "Applying craft";
        Feedback = "FEEDBACK", "Omgaan met feedback en gezag", "Handling feedback and authority";
        Motivation = "MOTIVATION", "Inzet en motivatie", "Effort and motivation";
        Independent = "INDEPENDENT", "Zelfstandig werken", "Working independently";
        Pace = "PACE", "Werktempo", "Pace of work";
        Hygiene = "HYGIENE", "Verzorging en hygiëne", "Personal care and hygiene";
        Safety = "SAFETY", "Veilig werken", "Working safely";
    }
    /// Where a programme stands; each with its reason.
    ProgrammeStatus {
        Planned = "PLANNED", "Gepland", "Planned";
        NotStarted = "NOT_STARTED", "Niet gestart", "Not started";
        Running = "RUNNING", "Loopt", "Running";
        Delayed = "DELAYED", "Vertraagd", "Delayed";
        Stopped = "STOPPED", "Gestopt", "Stopped";
        Completed = "COMPLETED", "Afgerond", "Completed";
        Regular = "REGULAR", "Regulier geworden", "Made regular";
    }
    /// How a training ended.
    TrainingResult {
        Running = "RUNNING", "Loopt", "Running";
        Completed = "COMPLETED", "Afgerond", "Completed";
        Passed = "PASSED", "Behaald", "Passed";
        Stopped = "STOPPED", "Gestopt", "Stopped";
    }
    /// What kind of contract belongs to a placement.
    Contract {
        None = "NONE", "Geen contract", "No contract";
        Fixed = "FIXED", "Tijdelijk", "Fixed term";
        Permanent = "PERMANENT", "Vast", "Permanent";
    }
    /// What a target counts. OBSERVED is a figure with a source, not a count of records.
    TargetMetric {
        Started = "STARTED", "Gestart", "Started";
        TrainingCompleted = "TRAINING_COMPLETED", "Scholing afgerond", "Training completed";
        Placed = "PLACED", "Geplaatst", "Placed";
        Observed = "OBSERVED", "Waargenomen", "Observed";
    }
    /// What is counted: somebody with two trajectories is one person.
    TargetUnit {
        Trajectories = "TRAJECTORIES", "Trajecten", "Trajectories";
        Persons = "PERSONS", "Personen", "Persons";
    }
    /// Nature of an activity of the regional agenda.
    ActivityKind {
        Regular = "REGULAR", "Reguliere activiteit", "Regular activity";
        Precondition = "PRECONDITION", "Voorwaarden scheppend", "Creating conditions";
        Project = "PROJECT", "Project", "Project";
        ProcessImprovement = "PROCESS_IMPROVEMENT", "Procesverbetering", "Process improvement";
        Experiment = "EXPERIMENT", "Experiment", "Experiment";
    }
    /// Kinds of education.
    SchoolType {
        Pro = "PRO", "Praktijkonderwijs", "Practical education";
        Vso = "VSO", "Voortgezet speciaal onderwijs", "Secondary special education";
        Mbo = "MBO", "Mbo", "MBO";
        Vmbo = "VMBO", "Vmbo", "VMBO";
    }
    /// What a trainee agreed to.
    ConsentKind {
        ShareWithEmployer = "SHARE_WITH_EMPLOYER", "Delen met werkgever", "Sharing with the employer";
        Story = "STORY", "Ervaringsverhaal", "Personal story";
        Photo = "PHOTO", "Foto", "Photograph";
        Other = "OTHER", "Overig", "Other";
    }
    /// Who referred a trainee: an organisation's role, the person, or a parent.
    ReferrerRole {
        Itself = "SELF", "Zelf", "Self";
        Parent = "PARENT", "Ouder/verzorger", "Parent or carer";
        Municipality = "MUNICIPALITY", "Gemeente", "Municipality";
        SchoolPro = "SCHOOL_PRO", "School PRO", "PRO school";
        SchoolVso = "SCHOOL_VSO", "School VSO (cluster 3 of 4)", "VSO school (cluster 3 or 4)";
        SchoolMbo = "SCHOOL_MBO", "Mbo", "MBO";
        Rmc = "RMC", "RMC / Doorstroompunt", "RMC or transition point";
        YouthDesk = "YOUTH_DESK", "Jongerenloket", "Youth desk";
        EmployerDesk = "EMPLOYER_DESK", "WSP", "Employer desk (WSP)";
        Uwv = "UWV", "UWV", "UWV";
        TransitionOrg = "TRANSITION_ORG", "Arbeidstoeleidingsorganisatie", "Transition organisation";
        ReintegrationCompany = "REINTEGRATION_COMPANY", "Re-integratiebedrijf", "Reintegration company";
        Ministry = "MINISTRY", "SZW / OCW / DUO", "Ministry (SZW, OCW, DUO)";
        Funder = "FUNDER", "Financier", "Funder";
        Care = "CARE", "Zorg-/ggz-instelling", "Care organisation";
    }
    /// The part a coach has in an assignment.
    AssignmentRole {
        Primary = "PRIMARY", "Eerste coach", "Primary coach";
        Support = "SUPPORT", "Tweede coach", "Supporting coach";
    }
}
