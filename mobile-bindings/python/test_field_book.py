"""The generated Python binding against the real server process: what an app does, as an app does it.

Run by `run.sh`, which builds what is needed. Only Python's own library is used; the people are invented.
"""

import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request
from datetime import datetime, timedelta
from pathlib import Path

import veldboek_mobile as veldboek
from veldboek_mobile import (
    Competence,
    ConflictNature,
    DeviceState,
    FieldBookError,
    GoalDirection,
    HttpAnswer,
    Keystore,
    KeystoreError,
    Lang,
    NewAgreement,
    NewAssignment,
    NewDossier,
    NewPlacement,
    NewVisit,
    PartySpoken,
    PlacementType,
    Planned,
    PlannedFor,
    ReferrerRole,
    Role,
    SavedState,
    Score,
    VisitType,
)

SERVER = os.environ["VELDBOEK_SERVER"]
ORGANISATION = "werkpartners"
NOW = datetime.now()


def day(days):
    """The day so many days from today."""
    return (NOW + timedelta(days=days)).strftime("%Y-%m-%d")


def morning(days):
    """Ten o'clock on that day, as a coach writes it."""
    return f"{day(days)}T10:00"


class ServerProcess:
    """`veldboek-server` on a store of its own; it can be stopped, killed and started again."""

    def __init__(self, store):
        self.store = str(store)
        self.process = None
        self.url = None

    def start(self):
        command = [SERVER, "serve", "--store", self.store, "--listen", "127.0.0.1:0", "--region", "duinstreek"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for line in self.process.stdout:
            if line.startswith("listening on "):
                self.url = line.removeprefix("listening on ").strip()
                return
        raise AssertionError("the server did not begin to listen")

    def end(self, how):
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(timeout=30)
            self.process.stdout.close()
            self.process = None

    def device(self, *words):
        """A command about devices at the server's machine."""
        command = [SERVER, "device", *words, "--store", self.store, "--format", "json"]
        answer = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
        return json.loads(answer.stdout)

    def device_of(self, person):
        return next(device["device"] for device in self.device("list") if device["person"] == person)

    def invite(self, person, role):
        command = [SERVER, "invite", "--store", self.store, "--person", person, "--name", person.capitalize()]
        command += ["--role", role, "--organisation", ORGANISATION, "--format", "json"]
        answer = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
        return json.loads(answer.stdout)["code"]


class Phone:
    """An app: a directory, a key that its keystore would guard, and its own way to carry bytes."""

    def __init__(self, directory, server):
        self.directory = str(directory)
        self.key = secrets.token_bytes(32)
        self.server = server
        self.nonce = None
        self.exchanges = 0
        self.bytes = 0
        self.book = None
        self.open()

    def open(self):
        self.book = veldboek.FieldBook.open(self.directory, self.key, Lang.NL)

    def close(self):
        """The app is swiped away: nothing of it stays in memory."""
        self.book = None

    def carry(self, request):
        self.exchanges += 1
        message = urllib.request.Request(
            self.server.url + request.path, data=request.body, headers=request.headers, method=request.method
        )
        try:
            with urllib.request.urlopen(message, timeout=30) as answer:
                status, headers, body = answer.status, dict(answer.headers), answer.read()
        except urllib.error.HTTPError as refusal:
            with refusal:
                status, headers, body = refusal.code, dict(refusal.headers), refusal.read()
        self.bytes += len(request.body) + len(body)
        return HttpAnswer(status=status, headers=headers, body=body)

    def enrol(self, code):
        request = self.book.enrol_begin(code, "telefoon")
        enrolled = self.book.enrol_finish(self.server.url, self.carry(request))
        self.nonce = enrolled.nonce
        return enrolled.identity

    def sync(self):
        """Exchanges until nothing is left to say; the outcomes in order."""
        outcomes = []
        while not outcomes or outcomes[-1].again:
            request = self.book.sync_begin(self.nonce)
            outcome = self.book.sync_finish(request.exchange, self.carry(request))
            self.nonce = outcome.nonce
            outcomes.append(outcome)
            assert len(outcomes) < 20, "the exchange does not end"
        return outcomes

    def read_at(self, dossier):
        """What the person sees of it now."""
        return self.book.dossier(dossier).line.read_at

    def edit(self, dossier, read_at=None, **fields):
        """A form with these boxes, filled from what is on the screen now, or was."""
        return self.book.edit_trainee(dossier, fields, read_at or self.read_at(dossier), False)

    def assign(self, dossier, coach, **more):
        self.book.assign(NewAssignment(dossier=dossier, coach=coach, read_at=self.read_at(dossier), **more))

    def summaries(self, dossier):
        return {visit.summary: visit.saved for visit in self.book.visits(dossier)}

    def log(self, dossier, summary, days=-1, **more):
        visit = NewVisit(
            dossier=dossier,
            started_at=morning(days),
            duration_min=45,
            parties=[PartySpoken.TRAINEE, PartySpoken.WORKPLACE_SUPERVISOR],
            summary=summary,
            **more,
        )
        return self.book.log_visit(visit)


class Keychain(Keystore):
    """The phone's keystore: its own key never leaves it, and a finger may have to be laid on it."""

    def __init__(self):
        self.own = secrets.token_bytes(32)
        self.finger = True
        self.asked = []

    def wrap(self, key):
        return bytes(a ^ b for a, b in zip(key, self.own, strict=True))

    def unwrap(self, wrapped, presence):
        self.asked.append(presence)
        if presence and not self.finger:
            raise KeystoreError.NotNow(reason="geen vinger")
        return bytes(a ^ b for a, b in zip(wrapped, self.own, strict=True))


# What another process of the app does: it opens the same directory, logs a visit, and is killed without a word.
KILLED = """
import os, signal, sys
import veldboek_mobile as veldboek
book = veldboek.FieldBook.open(sys.argv[1], bytes.fromhex(sys.argv[2]), veldboek.Lang.NL)
book.log_visit(veldboek.NewVisit(dossier=sys.argv[3], started_at=sys.argv[4], duration_min=30,
    parties=[veldboek.PartySpoken.EMPLOYER], summary=sys.argv[5]))
os.kill(os.getpid(), signal.SIGKILL)
"""


class Region(unittest.TestCase):
    """A server, a coordinator and two coaches, each with a directory of their own."""

    def setUp(self):
        self.place = tempfile.TemporaryDirectory()
        self.addCleanup(self.place.cleanup)
        self.server = ServerProcess(Path(self.place.name) / "server")
        self.server.start()
        self.addCleanup(self.server.end, signal.SIGTERM)

    def phone(self, name):
        phone = Phone(Path(self.place.name) / name, self.server)
        self.addCleanup(phone.close)
        return phone

    def enrolled(self, person, role="coach"):
        phone = self.phone(person)
        phone.enrol(self.server.invite(person, role))
        return phone

    def dossier(self, phone, reference, **more):
        fields = dict(
            reference=reference,
            given_name="Sanne",
            municipality="GM0375",
            programme="werk-in-zicht",
            goal_direction=GoalDirection.WORK,
            referrer_role=list(ReferrerRole)[0],
            referral_date=day(-120),
            intake_date=day(-110),
            agreement_date=day(-100),
        )
        return phone.book.add_dossier(NewDossier(**{**fields, **more})).dossier


class TheJourney(Region):
    def test_two_coaches_work_offline_and_settle_what_they_wrote_at_once(self):
        carla = self.enrolled("carla", "coordinator")
        anna = self.enrolled("anna")
        bram = self.enrolled("bram")
        self.assertEqual(carla.book.identity().role, Role.COORDINATOR)
        self.assertEqual((anna.book.identity().person, anna.book.identity().region), ("anna", "duinstreek"))

        # The coordinator begins a dossier and assigns two coaches; each fetches it in one round trip.
        self.dossier(carla, "WF-2025-0001")
        carla.book.add_placement(
            NewPlacement(
                dossier="WF-2025-0001",
                placement_type=PlacementType.PAID_JOB,
                start=day(-90),
                employer="Kwekerij De Kas",
                hours_per_week="24",
                supervisor="Henk",
            )
        )
        carla.assign("WF-2025-0001", "anna", first_day=day(-100))
        carla.assign("WF-2025-0001", "bram", role=veldboek.AssignmentRole.SUPPORT, first_day=day(-100))
        (outcome,) = carla.sync()
        self.assertEqual(outcome.accepted, outcome.sent)
        for coach in (anna, bram):
            (outcome,) = coach.sync()
            self.assertGreater(outcome.received, 0)
            self.assertEqual([line.reference for line in coach.book.dossiers()], ["WF-2025-0001"])
        self.assertEqual(anna.book.dossier("WF-2025-0001").placements[0].employer, "Kwekerij De Kas")
        self.assertEqual([due.place.supervisor for due in anna.book.today().overdue], ["Henk"])

        # No connection: both visit, and both note another municipality.
        self.server.end(signal.SIGTERM)
        logged = anna.log(
            "WF-2025-0001",
            "Goed gewerkt in de kas",
            visit_type=VisitType.WORKPLACE_VISIT,
            scores={Competence.ON_TIME: Score.FOUR, Competence.PACE: Score.TWO},
            agreements=[NewAgreement(text="Nieuwe werkschoenen", owner=PartySpoken.EMPLOYER, due=day(7))],
            next_visit_on=day(14),
        )
        self.assertEqual(logged.saved, SavedState.DEVICE)
        anna.edit("WF-2025-0001", municipality="GM0392")
        bram.log("WF-2025-0001", "Te laat, afspraak gemaakt", days=-2)
        bram.edit("WF-2025-0001", municipality="GM0453")
        self.assertEqual(anna.summaries("WF-2025-0001"), {"Goed gewerkt in de kas": SavedState.DEVICE})
        self.assertEqual(anna.book.today().overdue, [])
        with self.assertRaises(urllib.error.URLError):
            anna.sync()

        # Every app is closed; another process of Anna's app logs one more visit and is killed.
        for phone in (carla, anna, bram):
            phone.close()
        arguments = [anna.directory, anna.key.hex(), "WF-2025-0001", morning(-3), "Gebeld met de chef"]
        child = subprocess.run([sys.executable, "-c", KILLED, *arguments], timeout=60)
        self.assertEqual(child.returncode, -signal.SIGKILL)
        for phone in (carla, anna, bram):
            phone.open()
        self.assertEqual(
            anna.summaries("WF-2025-0001"),
            {"Goed gewerkt in de kas": SavedState.DEVICE, "Gebeld met de chef": SavedState.DEVICE},
        )
        self.assertEqual(anna.book.status().unsynced, 3)

        # The server is back; one round trip each, though it stands on another port now.
        self.server.start()
        (outcome,) = anna.sync()
        self.assertEqual((outcome.sent, outcome.accepted), (3, 3))
        (outcome,) = bram.sync()
        self.assertEqual((outcome.accepted, outcome.received), (2, 3))
        for phone in (anna, carla):
            (outcome,) = phone.sync()
        everything = {"Goed gewerkt in de kas", "Gebeld met de chef", "Te laat, afspraak gemaakt"}
        for phone in (anna, bram, carla):
            summaries = phone.summaries("WF-2025-0001")
            self.assertEqual(set(summaries), everything)
            self.assertEqual(set(summaries.values()), {SavedState.SERVER})
            self.assertEqual((phone.book.status().unsynced, phone.book.status().conflicts), (0, 1))

        # The conflict stands on every device with both values and who wrote them.
        for phone in (anna, bram, carla):
            (conflict,) = phone.book.conflicts()
            self.assertEqual((conflict.nature, conflict.reference), (ConflictNature.FIELD, "WF-2025-0001"))
            self.assertEqual(conflict.field, "gemeente")
            values = {choice.by: choice.value for choice in conflict.choices}
            self.assertEqual(values, {"anna": "GM0392", "bram": "GM0453"})

        # Settled on one device, by Bram's value, and seen settled on all.
        (conflict,) = anna.book.conflicts()
        chosen = next(choice for choice in conflict.choices if choice.by == "bram")
        anna.book.settle(conflict.id, chosen.index)
        with self.assertRaises(FieldBookError.NotFound):
            anna.book.settle(conflict.id, chosen.index)
        for phone in (anna, bram, carla):
            (outcome,) = phone.sync()
            phone.close()
            phone.open()
            self.assertEqual(phone.book.conflicts(), [])
            self.assertEqual(phone.book.dossier("WF-2025-0001").municipality, "GM0453")

        visit = next(visit for visit in bram.book.visits("WF-2025-0001") if visit.id == logged.visit)
        self.assertEqual(visit.scores, {Competence.ON_TIME: Score.FOUR, Competence.PACE: Score.TWO})
        self.assertEqual([agreement.text for agreement in visit.agreements], ["Nieuwe werkschoenen"])
        history = carla.book.history("WF-2025-0001")
        self.assertEqual({line.person for line in history}, {"carla", "anna", "bram"})
        shown = [field for line in history for field in line.fields if field.value == "GM0453"]
        self.assertEqual({field.field for field in shown}, {"gemeente"})

    def test_one_visit_is_one_small_exchange_and_no_news_is_almost_nothing(self):
        anna = self.enrolled("anna")
        self.dossier(anna, "WF-2025-0002")
        anna.sync()
        anna.exchanges = anna.bytes = 0
        text = "Sanne kwam op tijd, pakte de gieter en ging zonder vragen aan het werk. "
        anna.log("WF-2025-0002", (text * 5)[:300].strip())
        anna.sync()
        self.assertEqual(anna.exchanges, 1)
        self.assertLessEqual(anna.bytes, 1500)
        anna.exchanges = anna.bytes = 0
        anna.sync()
        self.assertEqual(anna.exchanges, 1)
        self.assertLessEqual(anna.bytes, 200)

    def test_a_visit_logged_while_an_exchange_is_under_way_goes_with_the_next(self):
        anna = self.enrolled("anna")
        self.dossier(anna, "WF-2025-0006")
        request = anna.book.sync_begin(anna.nonce)
        answer = anna.carry(request)
        anna.log("WF-2025-0006", "Tijdens het synchroniseren")
        outcome = anna.book.sync_finish(request.exchange, answer)
        self.assertTrue(outcome.again)
        self.assertEqual(anna.summaries("WF-2025-0006"), {"Tijdens het synchroniseren": SavedState.DEVICE})
        anna.nonce = outcome.nonce
        (outcome,) = anna.sync()
        self.assertEqual(outcome.accepted, 1)
        self.assertEqual(anna.summaries("WF-2025-0006"), {"Tijdens het synchroniseren": SavedState.SERVER})

    def test_a_form_that_stays_open_while_a_colleagues_value_comes_in_overwrites_nothing(self):
        carla = self.enrolled("carla", "coordinator")
        anna = self.enrolled("anna")
        self.dossier(anna, "WF-2025-0008")
        anna.sync()
        carla.sync()
        form = anna.book.dossier("WF-2025-0008")
        carla.edit("WF-2025-0008", municipality="GM0453", contact_phone="0600000002")
        carla.sync()
        anna.sync()

        # Every box of the form is handed in; the telephone number is as it was shown.
        boxes = dict(municipality="GM0392", contact_phone=form.contact_phone or "")
        saved = anna.edit("WF-2025-0008", form.line.read_at, **boxes)
        (conflict,) = anna.book.conflicts()
        self.assertEqual({choice.by: choice.value for choice in conflict.choices}, {"anna": "GM0392", "carla": "GM0453"})
        self.assertEqual(anna.book.dossier("WF-2025-0008").contact_phone, "0600000002")
        # The same form goes on with what it got back, and is not in conflict with itself.
        anna.edit("WF-2025-0008", saved.read_at, municipality="GM0363")
        anna.sync()
        carla.sync()
        for phone in (anna, carla):
            (conflict,) = phone.book.conflicts()
            self.assertEqual({choice.by: choice.value for choice in conflict.choices}, {"anna": "GM0363", "carla": "GM0453"})
        with self.assertRaises(FieldBookError.NotFound):
            anna.edit("WF-2025-0008", b"none of ours", municipality="GM0392")

    def test_an_answer_that_never_came_costs_nothing_but_another_exchange(self):
        anna = self.enrolled("anna")
        self.dossier(anna, "WF-2025-0007")
        anna.log("WF-2025-0007", "Het antwoord ging verloren")
        anna.carry(anna.book.sync_begin(anna.nonce))
        anna.close()
        anna.open()
        self.assertEqual(anna.summaries("WF-2025-0007"), {"Het antwoord ging verloren": SavedState.DEVICE})
        anna.sync()
        self.assertEqual(anna.summaries("WF-2025-0007"), {"Het antwoord ging verloren": SavedState.SERVER})
        self.assertEqual(len(anna.book.visits("WF-2025-0007")), 1)

    def test_a_restarted_app_that_forgot_its_nonce_needs_one_round_trip_more(self):
        anna = self.enrolled("anna")
        anna.close()
        anna.nonce = None
        anna.open()
        first, second = anna.sync()
        self.assertTrue(first.again and first.nonce)
        self.assertFalse(second.again)

    def test_a_planned_visit_is_on_the_list_of_its_day_until_it_is_made(self):
        anna = self.enrolled("anna")
        self.dossier(anna, "WF-2025-0003")
        anna.book.plan_visit(PlannedFor(dossier="WF-2025-0003", day=day(0), visit_type=VisitType.PROGRESS_REVIEW))
        anna.book.plan_visit(PlannedFor(dossier="WF-2025-0003", day=day(3)))
        today = anna.book.today()
        self.assertEqual([visit.day for visit in today.upcoming], [day(3)])
        (planned,) = today.today
        self.assertEqual((planned.dossier.reference, planned.planned), ("WF-2025-0003", True))
        logged = anna.log("WF-2025-0003", "Voortgang besproken", planned=Planned(visit=planned.visit, read_at=planned.read_at))
        self.assertEqual(logged.visit, planned.visit)
        self.assertEqual(anna.book.today().today, [])


class ALostPhone(Region):
    def test_it_is_told_wipes_itself_and_says_so(self):
        anna = self.enrolled("anna")
        self.dossier(anna, "WF-2025-0010")
        anna.sync()
        anna.log("WF-2025-0010", "Alleen op de telefoon")
        self.assertEqual(anna.book.device_state(), DeviceState.USABLE)
        self.server.device("revoke", self.server.device_of("anna"), "--reason", "verloren")

        request = anna.book.sync_begin(anna.nonce)
        outcome = anna.book.sync_finish(request.exchange, anna.carry(request))
        self.assertEqual((outcome.state, outcome.lost, outcome.again), (DeviceState.WIPED, 1, True))
        self.assertEqual([path.name for path in Path(anna.directory).iterdir() if not path.name.startswith("lock")], ["wiped"])
        # The app is closed before it could say so; it opens again, shows nothing, and says it then.
        anna.close()
        anna.open()
        self.assertEqual(anna.book.device_state(), DeviceState.WIPED)
        for call in (anna.book.dossiers, anna.book.today, anna.book.identity):
            with self.assertRaises(FieldBookError.Wiped) as gone:
                call()
            self.assertIn("ingetrokken", gone.exception.reason)
        anna.nonce = None
        (outcome,) = anna.sync()
        self.assertEqual((outcome.state, outcome.lost), (DeviceState.WIPED, 1))
        shown = self.server.device("show", self.server.device_of("anna"))
        self.assertTrue(shown["wiped"])
        self.assertEqual(shown["lost"], 1)
        with self.assertRaises(FieldBookError.Wiped):
            anna.book.sync_begin(None)
        anna.close()
        with self.assertRaises(FieldBookError.Wiped):
            anna.open()

    def test_with_leave_it_hands_in_its_work_first_and_shows_nothing_meanwhile(self):
        anna = self.enrolled("anna")
        self.dossier(anna, "WF-2025-0011")
        anna.sync()
        anna.log("WF-2025-0011", "In de kelder geschreven")
        device = self.server.device_of("anna")
        self.server.device("revoke", device, "--reason", "verloren", "--accept-unsent")

        request = anna.book.sync_begin(anna.nonce)
        outcome = anna.book.sync_finish(request.exchange, anna.carry(request))
        self.assertEqual((outcome.state, outcome.again), (DeviceState.REVOKED, True))
        self.assertEqual(anna.book.device_state(), DeviceState.REVOKED)
        for call in (anna.book.dossiers, lambda: anna.log("WF-2025-0011", "Nog iets")):
            with self.assertRaises(FieldBookError.Revoked):
                call()
        anna.nonce = outcome.nonce
        delivered, told = anna.sync()
        self.assertEqual((delivered.state, delivered.quarantined, delivered.lost), (DeviceState.WIPED, 1, 0))
        self.assertEqual((told.state, told.again), (DeviceState.WIPED, False))
        self.assertEqual(self.server.device("show", device)["lost"], 0)


class WhatGoesWrong(Region):
    def test_every_trouble_says_what_to_do_and_loses_nothing(self):
        anna = self.phone("anna")
        for call in (lambda: anna.book.sync_begin(None), anna.book.today, lambda: self.dossier(anna, "WF-2025-0004")):
            with self.assertRaises(FieldBookError.NotEnrolled):
                call()
        with self.assertRaises(FieldBookError.BadInput) as wrong:
            anna.enrol("AAAA-BBBB-CCCC")
        self.assertEqual(wrong.exception.fields, ["code"])
        code = self.server.invite("anna", "coach")
        anna.enrol(code)
        thief = self.phone("dief")
        with self.assertRaises(FieldBookError.BadInput):
            thief.enrol(code)

        # Another key opens nothing, and breaks nothing.
        with self.assertRaises(FieldBookError.WrongKey):
            veldboek.FieldBook.open(anna.directory, secrets.token_bytes(32), Lang.NL)
        with self.assertRaises(FieldBookError.BadInput):
            veldboek.FieldBook.open(anna.directory, b"short", Lang.NL)

        # A form that is not right stays a form.
        self.dossier(anna, "WF-2025-0004")
        with self.assertRaises(FieldBookError.BadInput) as wrong:
            self.dossier(anna, "wf-2025-0004")
        self.assertEqual(wrong.exception.fields, ["reference"])
        with self.assertRaises(FieldBookError.BadInput) as wrong:
            anna.log("WF-2025-0004", " ")
        self.assertEqual(wrong.exception.fields, ["summary"])
        with self.assertRaises(FieldBookError.BadInput) as wrong:
            anna.log("WF-2025-0004", "Morgen is geweest", days=1)
        self.assertEqual(wrong.exception.fields, ["started_at"])
        with self.assertRaises(FieldBookError.PossibleBsn) as wrong:
            anna.log("WF-2025-0004", "Nummer 111222333 staat op de pas")
        self.assertIn("BSN", wrong.exception.reason)
        anna.log("WF-2025-0004", "Nummer 111222333 staat op de pas", not_a_bsn=True)
        with self.assertRaises(FieldBookError.NotFound):
            anna.log("WF-2025-9999", "Bij niemand geweest")

        # A hotel's sign-in page, a broken proxy, an answer to another exchange: nothing of them is used.
        page = HttpAnswer(status=200, headers={}, body=b"<html>Welkom bij Hotel Duinzicht</html>")
        with self.assertRaises(FieldBookError.NotTheServer):
            anna.book.sync_finish(anna.book.sync_begin(anna.nonce).exchange, page)
        with self.assertRaises(FieldBookError.TryLater):
            proxy = HttpAnswer(status=502, headers={}, body=b"Bad Gateway")
            anna.book.sync_finish(anna.book.sync_begin(anna.nonce).exchange, proxy)
        early = anna.book.sync_begin(anna.nonce)
        late = anna.book.sync_begin(anna.nonce)
        with self.assertRaises(FieldBookError.BadInput):
            anna.book.sync_finish(early.exchange, anna.carry(late))

        self.server.end(signal.SIGKILL)
        self.assertEqual(anna.summaries("WF-2025-0004"), {"Nummer 111222333 staat op de pas": SavedState.DEVICE})
        self.server.start()
        anna.sync()
        self.assertEqual(anna.summaries("WF-2025-0004"), {"Nummer 111222333 staat op de pas": SavedState.SERVER})
        self.assertEqual(anna.book.not_accepted(), [])

    def test_a_damaged_store_is_said_to_be_damaged(self):
        anna = self.enrolled("anna")
        self.dossier(anna, "WF-2025-0005")
        anna.log("WF-2025-0005", "Voor de schade")
        anna.close()
        (segment,) = (Path(anna.directory) / "journal").iterdir()
        content = bytearray(segment.read_bytes())
        content[300] ^= 0xFF
        segment.write_bytes(content)
        with self.assertRaises(FieldBookError.Damaged):
            anna.open()

    def test_the_phones_keystore_opens_the_field_book_and_nothing_else_does(self):
        directory, keychain = str(Path(self.place.name) / "sleutelkluis"), Keychain()
        book = veldboek.FieldBook.open_with_keystore(directory, keychain, Lang.NL)
        device = book.identity().device
        self.assertEqual(book.lock_status().kind, "KEYSTORE")
        book.lock()
        with self.assertRaises(FieldBookError.NeedsUnlock) as locked:
            book.dossiers()
        self.assertIn("op slot", locked.exception.reason)
        keychain.finger = False
        with self.assertRaises(FieldBookError.NeedsUnlock):
            book.unlock(True)
        keychain.finger = True
        book.unlock(True)
        self.assertEqual(book.identity().device, device)
        self.assertEqual(keychain.asked, [True, True])
        # A keystore that fails in its own way locks, and breaks nothing.
        broken = Keychain()
        broken.unwrap = lambda wrapped, presence: 1 / 0
        with self.assertRaises(FieldBookError.NeedsUnlock):
            veldboek.FieldBook.open_with_keystore(directory, broken, Lang.NL)
        again = veldboek.FieldBook.open_with_keystore(directory, keychain, Lang.NL)
        self.assertEqual(again.identity().device, device)
        with self.assertRaises(FieldBookError.WrongKey):
            veldboek.FieldBook.open(directory, secrets.token_bytes(32), Lang.NL)

    def test_wrong_passphrases_are_counted_across_starts_of_the_app(self):
        directory = str(Path(self.place.name) / "wachtzin")

        def start(passphrase):
            return veldboek.FieldBook.open_with_passphrase(directory, passphrase, Lang.NL)

        with self.assertRaises(FieldBookError.BadInput) as weak:
            start("welkom01")
        self.assertEqual(weak.exception.fields, ["passphrase"])
        book = start("kas fiets dinsdag touw")
        device = book.identity().device
        book.lock()
        for left in (9, 8, 7, 6):
            with self.assertRaises(FieldBookError.PassphraseRefused) as wrong:
                start("kas fiets dinsdag trui")
            self.assertEqual(wrong.exception.left, left)
            self.assertIsNone(wrong.exception.try_again_at)
        with self.assertRaises(FieldBookError.PassphraseRefused) as wrong:
            book.unlock_with_passphrase("kas fiets dinsdag trui")
        self.assertEqual((wrong.exception.left, wrong.exception.unsynced), (5, 0))
        self.assertIsNotNone(wrong.exception.try_again_at)
        # The right one too has to wait now.
        with self.assertRaises(FieldBookError.PassphraseRefused):
            start("kas fiets dinsdag touw")
        status = book.lock_status()
        self.assertEqual((status.kind, status.unlocked, status.wrong_tries, status.tries_left), ("PASSPHRASE", False, 5, 5))
        (Path(directory) / "tries").unlink()
        book.unlock_with_passphrase("kas fiets dinsdag touw")
        self.assertEqual(book.identity().device, device)

    def test_codes_have_labels_in_two_languages(self):
        self.assertEqual(veldboek.party_spoken_label(PartySpoken.EMPLOYER, Lang.NL), "Werkgever")
        self.assertEqual(veldboek.party_spoken_label(PartySpoken.EMPLOYER, Lang.EN), "Employer")
        labels = {veldboek.competence_label(competence, Lang.NL) for competence in Competence}
        self.assertEqual(len(labels), len(Competence))


if __name__ == "__main__":
    unittest.main()
