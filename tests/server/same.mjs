// same.mjs PROGRAM CONFIG CONFIG MAX QUERY... - are the pages of two stores the
// same, byte for byte?  MAX pages are looked at: from the overview on links are
// followed, one of a shape, which is a path without its numbers, and the names
// of its parameters.  Then the list of calls for each QUERY.  Writes how many
// there were; exit status 1 and the first line that differs, if a page does.
// The environment is handed on, so that a clock can stand still.
import { spawnSync } from 'node:child_process';

const [program, first, second, max, ...queries] = process.argv.slice(2);

// Status, header and body of a page, by CGI, for who logged in.
function page(config, path) {
  const [info, query = ''] = path.split('?');
  const p = spawnSync(program, [], { maxBuffer: 1 << 28, env: {
    ...process.env, GATEWAY_INTERFACE: 'CGI/1.1', REQUEST_METHOD: 'GET', REMOTE_USER: 'owner',
    SCRIPT_NAME: '/r', PATH_INFO: `/${info}`, QUERY_STRING: query, CALLBOOK_CONFIG: config,
  } });
  if (p.status !== 0) throw new Error(`${path}: status ${p.status}: ${p.stderr}`);
  return p.stdout.toString('latin1');
}

// But what is of the engine itself: how many bytes it takes, and what is
// checked of it.
const own = new Set(['check']);
const lines = (text) => text
  .replace(/^Content-Length: .*/m, '')
  .replace(/<dt>(The store|Growth|Disk full)<\/dt><dd>[^<]*/g, '')
  .split('\n');

const shape = (path) => {
  const [info, query = ''] = path.split('?');
  return `${info.replace(/\d+/g, '#')}?${query.split('&').map((p) => p.split('=')[0]).sort()}`;
};

// Paths that a page leads to, below the report.
function* links(from, html) {
  for (const [, href] of html.matchAll(/(?:href|action)="([^"#]*)[^"]*"/g)) {
    const to = new URL(href.replace(/&amp;/g, '&'), `http://h/r/${from.split('?')[0]}`);
    if (to.host === 'h' && to.pathname.startsWith('/r/'))
      yield to.pathname.slice(3) + to.search;
  }
}

const seen = new Set();
const todo = [];
const add = (path) => {
  if (own.has(path) || seen.has(shape(path)) || seen.size >= Number(max)) return;
  seen.add(shape(path));
  todo.push(path);
};
for (const path of ['', 'metrics', '?preset=all', 'calls?preset=all', 'compare?preset=all&by=agent'])
  add(path);

const TOLD = 5; // pages that differ
const LEAST = 100; // pages, or links are not followed any more
let pages = 0;
let differ = 0;
const look = (path) => {
  const [a, b] = [first, second].map((config) => page(config, path));
  const [x, y] = [a, b].map(lines);
  const i = x.findIndex((line, k) => line !== y[k]);
  if (i !== -1 || x.length !== y.length) {
    process.exitCode = 1;
    if (differ++ < TOLD) console.log(`${path}:\n< ${x[i]?.slice(0, 1000)}\n> ${y[i]?.slice(0, 1000)}`);
  }
  // Two refusals are the same, and tell nothing: a form without its fields.
  pages += /^Status: 200/m.test(a);
  return a;
};
for (let path; (path = todo.shift()) !== undefined;) {
  const text = look(path);
  if (/^Content-Type: text\/html/m.test(text)) for (const to of links(path, text)) add(to);
}
for (const query of queries)
  if (!/^Status: 200/m.test(look(`calls?preset=all&${query}`))) throw new Error(query);
if (pages < LEAST) process.exitCode = 1;
console.log(`${pages} pages, of which ${differ} differ`);
