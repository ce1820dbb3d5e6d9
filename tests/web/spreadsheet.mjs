// Are the cells of the sheet in a flat file of LibreOffice those of the CSV?
//
//   spreadsheet.mjs CSV FODS
//
// Prints how many calls there are, their seconds, and what they cost together.
import { readFileSync } from "node:fs";
import { strict as assert } from "node:assert";

const [csv, fods] = process.argv.slice(2).map((f) => readFileSync(f, "utf8"));

// RFC 4180, without what guards a text from a spreadsheet.
function parse(text) {
  const rows = [[]];
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/y;
  for (let m; (m = cell.exec(text)); ) {
    rows.at(-1).push(
      m[1] === undefined ? m[2] : m[1].replaceAll('""', '"').replace(/^['\t]/, ""),
    );
    if (m[3] !== ",") rows.push([]);
  }
  rows.pop();
  return rows;
}

const plain = (s) =>
  s
    .replace(/<text:tab\/>/g, "\t")
    .replace(/<text:s(?: text:c="(\d+)")?\/>/g, (_, n) => " ".repeat(n ?? 1))
    .replace(/<\/text:p>\s*<text:p>/g, "\n")
    .replace(/^\s*<text:p>|<\/text:p>\s*$/g, "")
    .replace(/<[^>]*>/g, "")
    .replaceAll("&apos;", "'")
    .replaceAll("&quot;", '"')
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");

// Each cell as the CSV would have it.
function sheet(xml) {
  const rows = [];
  for (const [row] of xml.matchAll(/<table:table-row[^]*?<\/table:table-row>/g)) {
    const cells = [];
    for (const [, head, , body = ""] of row.matchAll(
      /<table:table-cell\b([^>]*?)(\/>|>([^]*?)<\/table:table-cell>)/g,
    )) {
      const value = (name) => new RegExp(`office:${name}="([^"]*)"`).exec(head)?.[1];
      const times = /number-columns-repeated="(\d+)"/.exec(head)?.[1] ?? 1;
      const span = /^PT(\d+)H(\d+)M([\d.]+)S$/.exec(value("time-value") ?? "");
      const text = span
        ? String(+(span[1] * 3600 + span[2] * 60 + +span[3]).toFixed(3))
        : (value("date-value")?.replace("T", " ") ?? value("value") ?? plain(body));
      for (let i = 0; i < Math.min(times, 100); i++) cells.push(text);
    }
    rows.push(cells);
  }
  return rows;
}

// Seconds of a moment.  LibreOffice cuts off what is less than a thousandth.
function instant(text) {
  const m = /^([\d-]{10})[T ](\d\d:\d\d:)([\d.]+)Z?$/.exec(text);
  return Date.parse(`${m[1]}T${m[2]}00Z`) / 1000 + Number(m[3]);
}

const [names, ...wanted] = parse(csv.replace(/^\ufeff/, ""));
const calls = /<table:table table:name="Calls"[^]*?<\/table:table>/.exec(fods)[0];
const [heading, ...got] = sheet(calls).filter((r) => r.some((c) => c !== ""));

names.forEach((name, i) => {
  assert.equal(heading[i], name === "duration_s" ? "duration" : name);
});
assert.equal(got.length, wanted.length);
wanted.forEach((row, i) =>
  row.forEach((cell, j) => {
    const is = got[i][j] ?? "";
    const where = `${names[j]} of call ${row[0]}`;
    if (names[j].endsWith("_utc") && cell !== "")
      assert.ok(Math.abs(instant(is) - instant(cell)) < 0.002, where);
    else if (names[j] === "duration_s" && cell !== "")
      assert.equal(Number(is), Number(cell), where);
    else assert.equal(is, cell, where);
  }),
);

const sum = (name) =>
  got.reduce((n, row) => n + Number(row[names.indexOf(name)] ?? 0), 0);
console.log(got.length, Math.round(sum("duration_s")), +sum("cost").toFixed(6));
