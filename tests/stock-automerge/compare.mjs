// Opens a document with the Automerge that anyone can install, and compares what is in it with what `veldboek export` says.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as Automerge from "@automerge/automerge";

const [document, exported] = process.argv.slice(2);
const bytes = new Uint8Array(readFileSync(document));
const doc = Automerge.load(bytes);
const json = JSON.parse(readFileSync(exported, "utf8"));

// The keys of a record in the document, by the names of the export; `set` and `map` have a key per member.
const RECORDS = {
    trainee: {
        ref: "reference", gn: "given_name", fi: "family_initial", bd: "birth_date", gm: "municipality", org: "organisation",
        id: "id", tg: { set: "target_groups" },
    },
    trajectories: { pr: "programme", rd: "referral_date", id: "intake_date", ad: "agreement_date" },
    placements: { t: "trajectory", em: "employer", st: "start", ty: "placement_type", hw: "hours_per_week" },
    visits: {
        t: "trajectory", c: "coach", p: "placement", s: "started_at", m: "duration_min", r: "travel_min", o: "mode", x: "status",
        n: "summary", k: { map: "scores" }, w: { set: "parties" }, a: "recorded_at", z: "finalised_at",
    },
    agreements: { v: "visit", t: "text", o: "owner", d: "due" },
};

const base64url = (id) => Buffer.from(id).toString("base64url");

// A value of the document as the export shows it: ids as text, instants without their milliseconds. Texts are scalars.
function plain(value) {
    if (Automerge.isImmutableString(value)) return value.toString();
    if (value instanceof Uint8Array) return base64url(value);
    if (value instanceof Date) return value.toISOString().replace(/\.\d{3}Z$/, "Z");
    return value;
}

function compare(container, entry, names, shown) {
    const seen = new Set();
    for (const [key, value] of Object.entries(entry)) {
        const [short, member] = key.split(":");
        const name = names[short];
        assert.ok(name, `${container}: the comparison does not know the key '${key}'`);
        if (name.set) {
            assert.ok(shown[name.set].includes(member), `${container}.${name.set} ${member}`);
            seen.add(name.set);
        } else if (name.map) {
            assert.equal(plain(value), shown[name.map][member], `${container}.${name.map} ${member}`);
            seen.add(name.map);
        } else if (name === "hours_per_week") {
            assert.equal(value / 100, shown[name], `${container}.${name}`);
            seen.add(name);
        } else {
            assert.equal(plain(value), shown[name], `${container}.${name}`);
            seen.add(name);
        }
    }
    // And nothing is in the export that is not in the document.
    const derived = /_label$|^phase$|^id$/;
    for (const [name, value] of Object.entries(shown)) {
        const empty = value === null || (typeof value === "object" && Object.keys(value).length === 0);
        if (!empty && !derived.test(name)) assert.ok(seen.has(name), `${container}.${name} is in the export only`);
    }
}

compare("trainee", doc.trainee, RECORDS.trainee, json.trainee);
let entries = 0;
for (const [container, names] of Object.entries(RECORDS)) {
    if (container === "trainee") continue;
    assert.equal(Object.keys(doc[container]).length, json[container].length, container);
    for (const shown of json[container]) {
        assert.ok(doc[container][shown.id], `${container} ${shown.id}`);
        compare(container, doc[container][shown.id], names, shown);
        entries += 1;
    }
}
assert.equal(entries, 5);
assert.equal(plain(doc.trainee.gn), "Zoé-Lynn");
const visits = Object.values(doc.visits).sort((one, other) => (plain(one.s) < plain(other.s) ? -1 : 1));
assert.equal(plain(visits[0].n), "Eén café, coördinatie met Özgür: € 5 — naïef? 🪴 “Goed gedaan”");
assert.equal(visits[0].m, 45);

// It is a document to go on with: its history is there, stock Automerge can write in it and load what it saves.
assert.ok(Automerge.getHistory(doc).length >= 7);
const further = Automerge.change(Automerge.clone(doc), (draft) => {
    draft.trainee.fi = "V.";
});
const again = Automerge.load(Automerge.save(further));
assert.deepEqual(Automerge.getHeads(again), Automerge.getHeads(further));
assert.deepEqual({ ...Automerge.toJS(again).trainee, fi: undefined }, { ...Automerge.toJS(doc).trainee, fi: undefined });

console.log("stock automerge: same content");
