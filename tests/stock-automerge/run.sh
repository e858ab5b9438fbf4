#!/usr/bin/env bash
# A dossier that is exported as a document opens with stock Automerge, and says there what `veldboek export` says.
# Needs Node with npm; everything it makes lies in a temporary folder.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
cd "$here/../.."

veldboek="$PWD/target/release/veldboek"
if [ ! -x "$veldboek" ]; then
    cargo build --quiet --package veldboek
    veldboek="$PWD/target/debug/veldboek"
fi

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
book() { "$veldboek" --store "$work/store" --lang en --format json --quiet "$@"; }

{
    book init --coach anna --organisation werkpartners --region gooi
    book programme add kans --name "Kans op werk" --success-definition PAID_WORK
    book trainee add --reference WF-2025-0142 --given-name Zoë --birth-date 2006-05-03 --municipality GM0392 \
        --target-group PRO --target-group VULNERABLE_YOUTH
    book trajectory open WF-2025-0142 --programme kans --referral-date 2025-01-10 --intake-date 2025-01-20
    book trajectory agree WF-2025-0142 --on 2025-02-01
    book placement add WF-2025-0142 --type INTERNSHIP_EXTERNAL --start 2025-02-10 --employer "Kwekerij Ørsted" \
        --hours-per-week 24
    book visit log WF-2025-0142 --started-at "2025-03-03 09:30" --duration 45 --travel 20 --party TRAINEE --party EMPLOYER \
        --summary "Eén café, coördinatie met Özgür: € 5 — naïef? 🪴 “Goed gedaan”" --score ON_TIME=3 --score PACE=2 \
        --agreement "Wekker zetten vóór zeven uur" --agreement-owner TRAINEE --agreement-due 2025-03-10
    book visit log WF-2025-0142 --started-at "2025-03-17 14:00" --duration 30 --party TRAINEE --summary "Tweede bezoek"
    book trainee edit WF-2025-0142 --given-name "Zoé-Lynn" --municipality GM0453
} > "$work/said"

book export --document WF-2025-0142 "$work/dossier.automerge" > "$work/said"
book export WF-2025-0142 > "$work/dossier.json"

cp "$here/compare.mjs" "$work/"
(cd "$work" && npm install --no-save --no-package-lock --no-audit --no-fund --silent @automerge/automerge@3.5.0)
node "$work/compare.mjs" "$work/dossier.automerge" "$work/dossier.json"
