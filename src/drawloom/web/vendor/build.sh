#!/usr/bin/env bash
# Builds the editor of the AutoDAG page out of the packages in package-lock.json, and writes what it consists of.
set -euo pipefail
cd "$(dirname "$0")"
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
cp package.json package-lock.json editor.mjs "$made"
(cd "$made" && npm ci --silent --no-audit --no-fund && npx esbuild editor.mjs --bundle --minify --format=iife --legal-comments=none --outfile=editor.js >/dev/null 2>&1)
target=../static/vendor
mkdir -p "$target"
cp "$made/editor.js" "$target/codemirror.js"
for package in "$made"/node_modules/@codemirror/* "$made"/node_modules/@lezer/* "$made"/node_modules/@marijn/* "$made"/node_modules/{style-mod,crelt,w3c-keyname}; do
  [ -f "$package/LICENSE" ] && { echo "== $(basename "$(dirname "$package")")/$(basename "$package")"; cat "$package/LICENSE"; echo; }
done | sed 's#^== node_modules/#== #' >"$target/LICENSES.txt"
node - "$made" "$target" <<'JS'
const [made, target] = process.argv.slice(2);
const { readFileSync, writeFileSync } = require("fs");
const { createHash } = require("crypto");
const lock = JSON.parse(readFileSync(`${made}/package-lock.json`, "utf8")).packages;
const packages = Object.entries(lock).filter(([path, one]) => path && !one.dev && !one.optional)
  .map(([path, one]) => ({ name: path.replace("node_modules/", ""), version: one.version, licence: one.license }));
const sha384 = createHash("sha384").update(readFileSync(`${target}/codemirror.js`)).digest("base64");
writeFileSync(`${target}/VENDOR.json`, JSON.stringify({ file: "codemirror.js", sha384, packages }, null, 2) + "\n");
JS
