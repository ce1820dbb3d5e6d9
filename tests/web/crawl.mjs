// node crawl.mjs URL [PREFIX] - follow every link from URL, as a browser would.
//
// A few of each kind, and the style sheet of each page.  Each must answer 200
// and lie under PREFIX.  LOGIN is in the environment where one is asked for.
const [, , start, prefix = start] = process.argv;
const MOST = 4; // of a kind
const { LOGIN } = process.env;
const headers = LOGIN === undefined ? {}
  : { authorization: `Basic ${Buffer.from(LOGIN).toString('base64')}` };

const faults = [];
const found = new Set([start]);
const perKind = new Map();

// Addresses that differ in their numbers and their query alone are of a kind.
const kind = (url) => url.replace(/[?].*/, '').replace(/\d+/g, 'N');

const links = (html, base) =>
  [...html.matchAll(/\s(?:href|action)="([^"#]*)[^"]*"/g)]
    .filter(([, href]) => href !== '' && !href.startsWith('data:'))
    .map(([, href]) => new URL(href.replaceAll('&amp;', '&'), base).href);

for (const url of found) {
  const answer = await fetch(url, { headers, redirect: 'manual' });
  const body = await answer.text();
  if (answer.status !== 200) faults.push(`${answer.status}: ${url}`);
  if (!/^text\/html/.test(answer.headers.get('content-type'))) continue;
  if (!/rel="stylesheet"/.test(body)) faults.push(`no style: ${url}`);
  for (const link of links(body, url)) {
    // Recordings lie at the platforms.
    if (found.has(link) || !link.startsWith(new URL(start).origin)) continue;
    if (!link.startsWith(prefix)) {
      faults.push(`${url} leads to ${link}`);
      continue;
    }
    const n = (perKind.get(kind(link)) ?? 0) + 1;
    perKind.set(kind(link), n);
    if (n <= MOST) found.add(link);
  }
}

const kinds = new Set([...found].map(kind));
console.log(`${start}: ${found.size} addresses of ${kinds.size} kinds`);
for (const fault of new Set(faults)) console.log(fault);
// Overview, calls, a call, results, attention, deliveries, both exports, style.
if (kinds.size < 9) console.log('too few');
process.exitCode = faults.length > 0 || kinds.size < 9 ? 1 : 0;
