// node report.mjs SOCKET - the promises of the report, looked at with a browser.
//
// It is asked for one after the other over SOCKET, so that all of them share
// one browser: see the end.  PORT, LOGIN and SCREENS are in the environment, and
// BROWSER if it is not Chromium.  With PICTURES=all there is a picture of every
// page, else of those with a fault.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';

import { BROWSER, closeBrowser, get, isChromium, none, open, origin, parseCsv,
  report, screens, short, textOf } from './browser.mjs';
import * as hostile from './hostile.mjs';
import rules from './rules.mjs';

const require = createRequire(import.meta.url);

// What a check says, besides what it found.
const notes = [];
const note = (line) => notes.push(line);

// What there is to look at, for all checks.
const PAGES = `${screens}/pages.json`;
const PAGE_BYTES = 100 * 1000;
const PICTURE_HEIGHT = 8000; // pixels
const ZONE = 'Asia/Kolkata';
const DAY = 86400 * 1000;

const variants = [1280, 390].flatMap((width) =>
  ['light', 'dark'].map((colorScheme) => ({
    name: `${width}-${colorScheme}`,
    colorScheme,
    viewport: { width, height: width === 390 ? 844 : 900 },
  })));
const LANGUAGES = ['en', 'de', 'es', 'hi', 'ja'];
// Of a telephone, of tablets and half a screen, and of a wide screen.
const WIDTHS = [390, 600, 700, 766, 768, 800, 900, 992, 1000, 1280];

// A local day of the store, so many days ago: "2026-03-18".
// Put together here, as a node with few languages writes all dates alike.
const ago = (days) => {
  const part = Object.fromEntries(new Intl.DateTimeFormat('en-US', {
    timeZone: ZONE, year: 'numeric', month: '2-digit', day: '2-digit',
  }).formatToParts(Date.now() - days * DAY)
    .map(({ type, value }) => [type, value]));
  return `${part.year}-${part.month}-${part.day}`;
};
const query = (values) => new URLSearchParams(values).toString();
// All there is in the store.
const always = { from: ago(60), to: ago(0) };

const hrefs = (page, selector = 'a[href]') => page.$$eval(selector,
  (all) => all.map((a) => new URL(a.getAttribute('href'), document.baseURI)
    .href.replace(/#.*/, '')));
const unique = (list) => [...new Set(list)];
const kind = (url) => short(url).replace(/[?].*/, '').replace(/\d+/g, 'N');

// The same links in the text of a page, and whether it has such an element.
const hrefsIn = (text, url) => [...text.matchAll(/<a\s[^>]*?href="([^"]*)"/g)]
  .map(([, href]) => new URL(href.replaceAll('&amp;', '&'), url).href);
const has = (text, name) =>
  new RegExp(`class="([^"]* )?${name}[ "]`).test(text);

// Of a call's page: what was said, and what was found out.
const TALK = '.card:has(> .talk)';
const FACTS = '.card:has(.facts)';

/*
 * A page of each kind there is: name, address, and the status it answers
 * with.  Calls, deliveries and the like are those that pages link to.
 */
const find = async () => {
  const follow = async (url, pattern, most) =>
    unique(hrefsIn(await textOf(url), url).map((u) => u.replace(/#.*/, '')))
      .filter((u) => pattern.test(short(u))).slice(0, most);
  const call = /^\/call\/\d+/;
  const pages = [
    ['overview', report],
    ['overview-all', `${report}?${query(always)}`],
    ['overview-today', `${report}?${query({ from: ago(0), to: ago(0) })}`],
    ['overview-none', `${report}?${query({ from: '2001-01-01',
      to: '2001-01-31' })}`],
    ['overview-hostile', `${report}?${query({ ...always,
      agent: hostile.texts.markup })}`],
    ['calls', `${report}calls`],
    ['calls-hostile', `${report}calls?${query({ ...always,
      source: 'stranger' })}`],
    ['calls-none', `${report}calls?${query({ text: 'nowhere-to-be-found' })}`],
    ['callers', `${report}callers`],
    ['results', `${report}results`],
    ['results-hostile', `${report}results?${query({ ...always,
      source: 'stranger' })}`],
    ['costs', `${report}costs`],
    ['compare', `${report}compare`],
    ['compare-periods', `${report}compare?${query({ by: 'period' })}`],
    ['fact', `${report}fact?${query({ path: 'results/sentiment' })}`],
    ['fact-numbers', `${report}fact?${query({ path: 'results/score',
      by: 'hour' })}`],
    ['fact-fact', `${report}fact?${query({ path: 'results/resolved',
      by: 'results/sentiment' })}`],
    ['fact-hostile', `${report}fact?${query({ ...always, source: 'stranger',
      path: 'results/list/0', by: 'results/number' })}`],
    ['attention', `${report}attention`],
    ['check', `${report}check`],
    ['data', `${report}data`],
    ['deliveries', `${report}deliveries`],
    ['error-unknown', `${report}nowhere`, 404],
    ['error-call', `${report}call/999999999`, 404],
    ['error-filter', `${report}?from=tomorrow`, 400],
  ].map(([name, url, status = 200]) => ({ name, url, status }));
  const add = (name, urls) => urls.forEach((url, i) =>
    pages.push({ name: `${name}-${i + 1}`, url, status: 200 }));

  for (const outcome of ['completed', 'no_answer', 'failed', 'open'])
    add(`call-${outcome}`, await follow(
      `${report}calls?${query({ ...always, to: ago(1), outcome })}`, call, 1));
  // What is said is not of every call that was made up.
  for (const url of await follow(
    `${report}calls?${query({ ...always, to: ago(1), outcome: 'completed' })}`,
    call)) {
    const text = await textOf(url);
    if (!has(text, 'talk') || !has(text, 'facts')) continue;
    add('call-talk', [url]);
    break;
  }
  add('call-hostile', await follow(
    `${report}calls?${query({ ...always, source: 'stranger' })}`, call));
  for (const rejected of ['', 'rejected/'])
    add(`delivery-${rejected.slice(0, -1)}`, await follow(
      `${report}attention`, new RegExp(`^/delivery/${rejected}\\d+`), 3));

  // Had one of them been renamed, it would silently not be looked at.
  const names = pages.map((p) => p.name).join(' ');
  for (const name of ['call-completed-1', 'call-no_answer-1', 'call-failed-1',
    'call-talk-1', 'call-open-1', 'delivery--1', 'delivery-rejected-1',
    `call-hostile-${Object.keys(hostile.texts).length}`])
    assert.match(names, new RegExp(name), `no page ${name} in ${names}`);
  return pages;
};

// The same as prepare found them.
const pages = () => JSON.parse(readFileSync(PAGES));

// --- what to look for in a page ----------------------------------------------

const { source: axeSource } = require('axe-core');

const axe = async (page) => {
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate(() =>
    // Fetching the style sheets again is what the policy forbids.
    window.axe.run(document,
      { preload: false, resultTypes: ['violations'] }));
  return violations.flatMap((v) => v.nodes.map((n) =>
    `axe: ${v.id}: ${n.target.join(' ').slice(0, 100)}: ${
      n.failureSummary.replace(/\s+/g, ' ').slice(0, 200)}`));
};

// What is left of markup without its words; where there is none stays in sight.
const shapeOf = (markup) => markup
  .replace(/>[^<]*[^<\s][^<]*</g, '>word<')
  .replace(/ ([\w-]+)="[^"]*"/g,
    (all, name) => name === 'class' ? all : ` ${name}`);

// Leaves of rows and the like that differ in their words alone, and lie in the
// same, the first two: axe works out the colours behind each word, for longer
// than all the rest.
const thin = (page) => page.evaluate(`{
  const shapeOf = ${shapeOf};
  const seen = new Map();
  for (const e of document.querySelectorAll('tr, li')) {
    let shape = shapeOf(e.outerHTML);
    for (let up = e.parentElement; up; up = up.parentElement)
      shape += ' ' + up.tagName + '.' + up.className;
    seen.set(shape, (seen.get(shape) ?? 0) + 1);
    if (seen.get(shape) <= 2) continue;
    (window.thinned ??= []).push([e, e.parentNode, e.nextSibling]);
    e.remove();
  }
}`);

// Puts back what thin() took out.
const unthin = (page) => page.evaluate(() => {
  for (const [e, parent, next] of (window.thinned ?? []).reverse())
    parent.insertBefore(e, next);
});

// Nothing sticks out at the side, save in a box that scrolls by itself.
const overflow = (page) => page.evaluate(() => {
  const scrolls = (e) => e && (/auto|scroll|hidden/
    .test(getComputedStyle(e).overflowX) || scrolls(e.parentElement));
  const width = document.documentElement.clientWidth;
  const faults = [];
  for (const e of [document.documentElement, document.body])
    if (/hidden|clip/.test(getComputedStyle(e).overflowX))
      faults.push('overflow: hidden instead of fitted');
  if (document.documentElement.scrollWidth > width)
    for (const e of document.querySelectorAll('body *'))
      if (e.getBoundingClientRect().right > width + 1 &&
          !scrolls(e.parentElement))
        faults.push(`overflow: ${e.tagName}.${e.className?.baseVal
          ?? e.className} ${Math.round(e.getBoundingClientRect().right)} of ${
          width}`);
  return faults.slice(0, 3);
});

const toggle = (page, opened) => page.$$eval(
  opened ? 'details:not([open])' : 'details[data-opened]',
  (all, open) => all.forEach((d) => {
    d.open = open;
    d.toggleAttribute('data-opened', open);
  }), opened);

const resize = (page, width) =>
  page.setViewportSize({ width, height: width < 600 ? 844 : 900 });

// As it came; and with all open that can be opened, when more may be wrong.
const fits = async (page, closedWidths, openedWidths, tell) => {
  for (const width of closedWidths) {
    await resize(page, width);
    (await overflow(page)).forEach((f) => tell(`${width} wide: ${f}`));
  }
  await toggle(page, true);
  for (const width of openedWidths) {
    await resize(page, width);
    (await overflow(page)).forEach((f) => tell(`${width} wide, opened: ${f}`));
  }
};

// Black on white whatever the screen is, and without what only a screen needs.
const onPaper = async (page, tell) => {
  await page.setViewportSize({ width: 718, height: 1000 }); // A4
  (await overflow(page)).forEach((f) => tell(`on paper: ${f}`));
  const shown = await page.$$eval('nav, form, .skip, footer a', (all) => all
    .filter((e) => e.checkVisibility()).map((e) => e.outerHTML.slice(0, 60)));
  shown.forEach((e) => tell(`shown on paper: ${e}`));
  const [text, paper] = await page.evaluate(() => {
    const style = getComputedStyle(document.body);
    return [style.color, style.backgroundColor].map((c) => {
      const [r, g, b, a = 1] = c.match(/[\d.]+/g).map(Number);
      return a === 0 ? 255 : (r + g + b) / 3;
    });
  });
  if (text > 80 || paper < 250) tell(`on paper: text ${text} on ${paper}`);
};

// What can have the focus and is shown.
const focusable = `a[href]:not([tabindex="-1"]), button, select, textarea,
  input:not([type=hidden]), summary, [tabindex="0"]`;

// Chromium has all pages in English.  In other languages, and in the others,
// which are driven slower, one of each sort is enough; what strangers send is
// broken into lines by each browser its own way.
const isOneOfItsSort = ({ name }) =>
  !/-[2-9]\d*$|error-(unknown|call)|overview-(all|today)/.test(name) &&
  !/compare-periods|fact-(numbers|fact)$/.test(name);
const pagesHere = () => pages().filter((p) => isChromium || isOneOfItsSort(p));

/*
 * What is looked at in one language: of each page, the width and scheme that
 * axe has it in.  In Chromium each sort of page is seen in each language, and
 * over all languages in each variant; in the others each is seen in one
 * language and one variant, and all pairs of both are.
 */
const visits = (locale) => {
  const at = LANGUAGES.indexOf(locale);
  const sorts = pages().filter(isOneOfItsSort);
  const variant = (i) => variants[i % variants.length];
  if (!isChromium) {
    const offset = BROWSER === 'firefox' ? 0 : 2;
    return sorts.map((p, i) => ({ ...variant(i + offset), ...p }))
      .filter((_, i) => (i + offset) % LANGUAGES.length === at);
  }
  if (locale === 'en')
    return pages().map((p) => ({ ...variant(0), ...p }));
  // A completed call is there with a talk.
  return sorts.filter(({ name }) => !/hostile|call-completed/.test(name))
    .map((p, i) => ({ ...variant(i + at), ...p }));
};

// For people to look at.  Chromium has a limit to the size.
const picture = async (page, name) => {
  const { width } = page.viewportSize();
  const height = await page.evaluate(() => document.body.scrollHeight);
  await page.screenshot({
    path: `${screens}/${name}.png`,
    fullPage: true,
    clip: { x: 0, y: 0, width, height: Math.min(height, PICTURE_HEIGHT) },
  });
};

// --- the checks ---------------------------------------------------------------

const checks = {};

// Not a check: what the others look at.
checks.prepare = async () => {
  const post = async (source, body, headers = {}) => {
    const answer = await fetch(`${origin}/callbook/${source}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    return { status: answer.status, ...await answer.json() };
  };
  let minute = 0;
  for (const [name, text] of Object.entries(hostile.texts)) {
    const time = new Date(Date.now() - ++minute * 60000).toISOString();
    const said = await post('stranger', hostile.call(name, text, time));
    assert.equal(said.result, 'stored', `${name}: ${JSON.stringify(said)}`);
  }
  const { markup, hindi } = hostile.texts;
  const quarantined = await post('stranger', { [markup]: hindi });
  assert.equal(quarantined.result, 'quarantined');
  const rejected = await post('collections', { [markup]: hostile.phone },
    { 'X-FormantAI-Signature': 'sha256="><script>' });
  assert.equal(rejected.status, 401);
  writeFileSync(PAGES, JSON.stringify(await find(), null, 1));
};

checks.login = async () => {
  for (const path of ['', 'calls', 'call/1', 'export.csv', 'export.ndjson',
    'metrics']) {
    const guarded = await get(report + path, {});
    // Read to its end: node waits for what is not.
    await guarded.text();
    assert.equal(guarded.status, 401, path);
    const unguarded = await get(`${origin}/unguarded.cgi/${path}`, {});
    const said = await unguarded.text();
    assert.equal(unguarded.status, 403, path);
    assert.match(said, /REMOTE_USER|log in|login|password/i);
    assert.doesNotMatch(said, /conversation|export/);
  }
  // Once only: lighttpd takes its time to answer those who guess.
  const wrong = `Basic ${Buffer.from('anna:guessed').toString('base64')}`;
  const refused = await get(report, { authorization: wrong });
  await refused.text();
  assert.equal(refused.status, 401);
  const page = await get(report);
  await page.text();
  const headers = Object.fromEntries(page.headers);
  assert.equal(page.status, 200);
  assert.match(headers['content-security-policy'], /default-src 'none'/);
  assert.doesNotMatch(headers['content-security-policy'], /unsafe/);
  assert.equal(headers['x-content-type-options'], 'nosniff');
  assert.equal(headers['referrer-policy'], 'no-referrer');
  assert.match(headers['cache-control'], /private, no-store/);
};

// Each page is loaded once and asked everything.
const visit = async ({ page, faults, expected },
  { name, url, status, viewport, colorScheme }, locale) => {
  // The style is the same in all languages: in Chromium, which has each page in
  // English, the others are asked for what long words do.
  const isAsked = locale === 'en' || !isChromium;
  const before = faults.length;
  const tell = (what) => faults.push(`${name}, ${locale}: ${what}`);
  if (status !== 200) expected.add(url);
  const answer = await page.goto(url);
  if (answer.status() !== status) tell(`status ${answer.status()}`);
  if (await page.evaluate(() => document.documentElement.lang) !== locale)
    tell('another language');
  if (isAsked) await fits(page, [390, 1280], WIDTHS, tell);
  else await fits(page, [viewport.width], [390, 768, 1280], tell);
  await page.setViewportSize(viewport);
  await thin(page);
  (await axe(page)).forEach((f) =>
    tell(`${viewport.width}, ${colorScheme}: ${f}`));
  if (isAsked) {
    // How it was when it came.
    await unthin(page);
    await toggle(page, false);
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    await onPaper(page, tell);
    await page.emulateMedia({ media: null, colorScheme });
  }
  if (faults.length > before || process.env.PICTURES === 'all')
    await picture(page, `${name}-${locale}`);
};

const everyPage = async (locale) => {
  const found = [];
  for (const colorScheme of ['light', 'dark']) {
    const mine = visits(locale).filter((v) => v.colorScheme === colorScheme);
    if (mine.length === 0) continue;
    const opened = await open({ colorScheme, locale });
    for (const one of mine) await visit(opened, one, locale);
    await opened.close();
    found.push(...opened.faults);
  }
  return unique(found);
};

checks.every_page = async (locale) => none(await everyPage(locale));

checks.all_languages = async () => {
  const found = [];
  for (const locale of LANGUAGES) found.push(...await everyPage(locale));
  none(found);
};

// Of rows that differ in their words alone, the first two.
const thinned = (text) => {
  const seen = new Map();
  return text.replace(/<tr[ >][^]*?<\/tr>/g, (row) => {
    const shape = shapeOf(row);
    seen.set(shape, (seen.get(shape) ?? 0) + 1);
    return seen.get(shape) > 2 ? '' : row;
  });
};

// The promise is of 30 days in English; the one page of 60 has as many columns,
// and letters of Hindi have three bytes.
const limit = (name, locale) => PAGE_BYTES *
  (locale === 'en' && name !== 'overview-all' ? 1 : 1.2);

checks.every_document = async () => {
  const { HtmlValidate } = require('html-validate');
  const validator = new HtmlValidate(rules);
  const faults = [];
  for (const locale of LANGUAGES)
    for (const { name, url } of pages().filter((p) =>
      locale === 'en' || isOneOfItsSort(p))) {
      const tell = (what) => faults.push(`${name}, ${locale}: ${what}`);
      const text = await textOf(url, locale);
      const bytes = Buffer.byteLength(text);
      note(`${name}, ${locale}: ${bytes} bytes`);
      if (bytes >= limit(name, locale)) tell(`${bytes} bytes`);
      if (!text.includes(`<html lang="${locale}"`)) tell('another language');
      if (/<script|javascript:|\sstyle=/i.test(text)) tell('script or style');
      const { results } = await validator.validateString(
        locale === 'en' ? text : thinned(text), name);
      for (const { messages } of results)
        for (const m of messages)
          tell(`${m.line}:${m.column}: ${m.ruleId}: ${m.message.slice(0, 150)}`);
    }
  none(faults);
};

// Beside two numbers, or below them: what is said of them is on the screen.
checks.verdicts = async () => {
  const faults = [];
  const { page, close } = await open();
  await page.goto(`${report}compare?${query({ by: 'period' })}`);
  for (const width of [1280, 800, 390]) {
    await page.setViewportSize({ width, height: 844 });
    const seen = await page.$$eval('.two tbody td:last-child', (all) =>
      all.filter((e) => /chance|too few|no verdict/.test(e.textContent))
        .map((e) => e.getBoundingClientRect())
        .map((r) => r.width > 100 && r.left >= 0 && r.right <= innerWidth));
    if (seen.length < 4) faults.push(`${width}: ${seen.length} verdicts`);
    if (seen.includes(false)) faults.push(`${width}: not in sight`);
  }
  await close();
  none(faults);
};

checks.hostile = async () => {
  const { page, faults, close } = await open();
  await page.goto(`${report}calls?${query({ ...always, source: 'stranger' })}`);
  const calls = unique(await hrefs(page)).filter((u) => /call\/\d+/.test(u));
  const seen = [];
  for (const url of calls) {
    await page.goto(url);
    await page.$$eval('details', (all) =>
      all.forEach((d) => { d.open = true; }));
    seen.push(await page.evaluate(() => document.body.textContent));
    if (await page.$('script, img, iframe, object'))
      faults.push(`${url}: an element that is none of ours`);
  }
  for (const name of ['markup', 'emoji', 'hindi', 'japanese', 'formula'])
    if (!seen.some((text) => text.includes(hostile.texts[name])))
      faults.push(`${name} is not shown as it came`);
  if (!seen.some((text) => text.includes('W'.repeat(200))))
    faults.push('long is not shown');
  if (seen.some((text) => text.includes('\0')))
    faults.push('NUL came through');

  // Text that turns round turns nothing else round: each is isolated.
  const loose = await page.goto(calls[0]).then(() => page.evaluate(() => {
    const walker = document.createTreeWalker(document.body, 4);
    const found = [];
    while (walker.nextNode())
      if (/[\u202a-\u202e\u2066-\u2069]/.test(walker.currentNode.data) &&
          !walker.currentNode.parentElement.closest('bdi, [dir], pre, title'))
        found.push(walker.currentNode.parentElement.outerHTML.slice(0, 100));
    return found;
  }));
  faults.push(...loose.map((l) => `not isolated: ${l}`));
  await close();
  none(faults);
};

checks.masked = async () => {
  const faults = [];
  const look = (name, text) => {
    for (const [run] of text.matchAll(/\+?\d[\d ().-]{5,}\d/g))
      if (run.replace(/\D/g, '').includes(hostile.phone.slice(2)))
        faults.push(`${name}: ${run}`);
  };
  // Numbers of the other calls are not known here, but have their form.
  const full = /(?<![\w.-])\+\d{10,15}(?!\w)/g;
  for (const { name, url } of pages()) {
    const text = await textOf(url);
    look(name, text);
    for (const [number] of text.matchAll(full))
      faults.push(`${name}: ${number}`);
  }
  for (const name of ['export.csv', 'export.ndjson']) {
    const text = await (await get(`${report}${name}?${query(always)}`)).text();
    assert.ok(text.length > 100000, name);
    look(name, text);
    for (const [number] of text.matchAll(full))
      faults.push(`${name}: ${number}`);
  }
  none(unique(faults));
};

// Tab through a page from its beginning, opening what can be opened.
const walk = async (page, faults) => {
  const reached = new Set();
  let last = null, again = 0;
  for (let i = 0; i < 3000; i++) {
    await page.keyboard.press('Tab');
    const at = await page.evaluate(async () => {
      const e = document.activeElement;
      if (e === null || e === document.body) return null;
      // Some of it is there to be seen; browsers may scroll a frame later.
      const isFree = () => [...e.getClientRects()].some((line) => {
        const left = Math.max(line.left, 0), top = Math.max(line.top, 0);
        const right = Math.min(line.right, innerWidth);
        const bottom = Math.min(line.bottom, innerHeight);
        const there = document.elementFromPoint((left + right) / 2,
          (top + bottom) / 2);
        return there !== null && (e.contains(there) || there.contains(e));
      });
      let free = isFree();
      for (let frame = 0; !free && frame < 60; frame++) {
        await new Promise(requestAnimationFrame);
        free = isFree();
      }
      const style = getComputedStyle(e);
      const box = e.getBoundingClientRect();
      window.reached ??= new Map();
      if (!window.reached.has(e)) window.reached.set(e, window.reached.size);
      return {
        id: window.reached.get(e),
        what: e.outerHTML.slice(0, 80),
        summary: e.tagName === 'SUMMARY' && !e.parentElement.open,
        // The parts of a date may have it each.
        shown: e.matches(':focus-visible, input:focus-within') &&
          ((style.outlineStyle !== 'none' &&
            parseFloat(style.outlineWidth) >= 1) || style.boxShadow !== 'none'),
        inside: box.bottom > 0 && box.top < innerHeight && box.width > 0,
        free,
      };
    });
    if (at === null) return reached;
    // The parts of a date are one element.
    again = at.id === last ? again + 1 : 0;
    if (again > 6) {
      faults.push(`${at.what} keeps the focus`);
      return reached;
    }
    last = at.id;
    if (reached.has(at.id)) {
      if (again === 0) return reached;
      continue;
    }
    reached.add(at.id);
    if (!at.shown) faults.push(`focus is not seen: ${at.what}`);
    if (!at.inside) faults.push(`focus is out of sight: ${at.what}`);
    else if (!at.free) faults.push(`focus is covered: ${at.what}`);
    if (at.summary) await page.keyboard.press('Enter');
  }
  return reached;
};

checks.keyboard = async () => {
  const found = [];
  // The others are driven slower.
  const which = ['overview', 'results', 'call-completed-1', 'delivery--1',
    'error-filter', ...isChromium ? ['calls', 'callers', 'attention',
      'deliveries', 'call-hostile-1'] : []];
  const some = pages().filter(({ name }) => which.includes(name));
  assert.equal(some.length, which.length, 'a page of these has another name');
  for (const viewport of [{ width: 1280, height: 900 },
    { width: 390, height: 844 }]) {
    const { page, faults, expected, close } = await open({ viewport });
    for (const { name, url } of some) {
      expected.add(url);
      await page.goto(url);
      const mine = [];
      // What only the mouse has must be a link elsewhere, too.
      const extra = await page.evaluate((selector) => {
        const href = (a) => a.getAttribute('href');
        const all = new Set([...document.querySelectorAll(selector)].map(href));
        return [...document.querySelectorAll('a[tabindex="-1"]')].map(href)
          .filter((h) => !all.has(h));
      }, focusable);
      mine.push(...extra.map((h) => `only for the mouse: ${h}`));
      // One list is gone through to its end.
      if (name !== 'calls') await thin(page);
      await walk(page, mine);
      const missed = await page.$$eval(focusable, (all) => all
        .filter((e) => e.checkVisibility({ checkVisibilityCSS: true }) &&
          !window.reached.has(e) && !e.disabled)
        .map((e) => e.outerHTML.slice(0, 80)));
      mine.push(...missed.map((m) => `not reached: ${m}`));
      found.push(...mine.map((m) => `${viewport.width} ${name}: ${m}`));
    }
    found.push(...faults);
    await close();
  }
  none(found);
};

// Open the form if it is closed, as a person would.
const openForm = async (page) => {
  const closed = page.locator('form details:not([open]) > summary');
  // On a wide screen it is open without.
  if (await closed.isVisible()) await closed.click();
};

const formValues = (page) => page.$$eval(
  'form input:not([type=hidden]), form select',
  (all) => Object.fromEntries(all.map((e) => [e.name, e.value])));

checks.filters = async () => {
  const { page, faults, close } = await open();
  for (const path of ['', 'calls', 'callers', 'results', 'deliveries']) {
    await page.goto(report + path);
    await openForm(page);
    const before = await formValues(page);
    const want = { from: ago(20), to: ago(2) };
    for (const name of ['source', 'agent', 'direction', 'outcome'])
      if (name in before)
        want[name] = await page.$eval(`select[name=${name}]`, (s) =>
          s.options[Math.min(2, s.options.length - 1)].value);
    if ('text' in before) want.text = 'loan "50 %" & more';
    for (const [name, value] of Object.entries(want)) {
      if (['from', 'to', 'text'].includes(name))
        await page.fill(`input[name=${name}]`, value);
      else await page.selectOption(`select[name=${name}]`, value);
    }
    await Promise.all([page.waitForNavigation(),
      page.press('input[name=to]', 'Enter')]);

    const url = new URL(page.url());
    const asked = Object.fromEntries(url.searchParams);
    for (const [name, value] of Object.entries(want))
      if (asked[name] !== value)
        faults.push(`${path}: address has ${name}=${asked[name]}, not ${value}`);
    assert.ok(url.pathname.endsWith(`/report.cgi/${path}`), url.pathname);
    await openForm(page);
    const after = await formValues(page);
    for (const [name, value] of Object.entries(want))
      if (after[name] !== value)
        faults.push(`${path}: form has ${name}=${after[name]}, not ${value}`);

    // Each other page, and each export, is of the same calls.
    for (const link of await hrefs(page, 'header a[href], .exports a')) {
      const values = Object.fromEntries(new URL(link).searchParams);
      for (const [name, value] of Object.entries(want))
        if (/calls|results|export/.test(link) && values[name] !== value)
          faults.push(`${path}: ${short(link)} has ${name}=${values[name]}`);
    }
    const shown = await page.textContent('main');
    await page.goBack();
    assert.deepEqual(await formValues(page), before, `${path}: after Back`);
    await page.goForward();
    // Another minute may have begun.
    const digits = (text) => text.replace(/\d/g, '');
    assert.equal(digits(await page.textContent('main')), digits(shown));
  }
  await close();
  none(faults);
};

checks.presets = async () => {
  const { page, faults, close } = await open();
  const days = { Today: 1, '7 days': 7, '30 days': 30, '90 days': 90 };
  await page.goto(report);
  const names = await page.$$eval('.presets a', (all) =>
    all.map((a) => a.textContent.trim()));
  for (const name of [...Object.keys(days), 'This month', 'Last month', 'All'])
    assert.ok(names.includes(name), `no period ${name} in ${names}`);
  for (const name of names) {
    await page.click(`.presets a:text-is("${name}")`);
    const current = await page.$$eval('.presets [aria-current]', (all) =>
      all.map((a) => a.textContent.trim()));
    if (current.join() !== name) faults.push(`${name}: current is ${current}`);
    // It keeps its meaning tomorrow: no date is in its address.
    if (/\d{4}-\d\d-\d\d/.test(page.url()))
      faults.push(`${name}: a date in ${short(page.url())}`);
    const [first, last = first] = await page.$$eval('.period time', (all) =>
      all.map((t) => t.getAttribute('datetime').slice(0, 10)));
    const length = (Date.parse(last) - Date.parse(first)) / DAY + 1;
    if (name in days && length !== days[name])
      faults.push(`${name}: ${first} to ${last}`);
    if (name in days && last !== ago(0)) faults.push(`${name}: until ${last}`);
    if (name === 'Last month' && (!first.endsWith('-01') ||
        first.slice(0, 7) !== last.slice(0, 7) || last >= ago(0).slice(0, 7)))
      faults.push(`${name}: ${first} to ${last}`);
    if (name === 'This month' && first !== `${ago(0).slice(0, 7)}-01`)
      faults.push(`${name}: ${first} to ${last}`);
  }
  await close();
  none(faults);
};

// The numbers of the calls of a list, over all its pages, newest first.
const list = async (page, url) => {
  const numbers = [];
  await page.goto(url);
  for (let i = 0; i < 250; i++) {
    const here = (await hrefs(page, 'table.calls tbody th a')).map((u) =>
      Number(/call\/(\d+)/.exec(u)[1]));
    numbers.push(here);
    const next = await page.$('a[rel=next]');
    if (next === null) break;
    await Promise.all([page.waitForNavigation(), next.click()]);
  }
  return numbers;
};

checks.paging = async () => {
  const { page, faults, close } = await open();
  const there = await list(page, `${report}calls?${query({ from: ago(6),
    to: ago(0), outcome: 'no_answer' })}`);
  const forwards = there.flat();
  assert.ok(there.length > 3, `${there.length} pages`);
  assert.equal(unique(forwards).length, forwards.length, 'a call twice');
  const times = [];
  for (let i = there.length - 1; i >= 0; i--) {
    const here = (await hrefs(page, 'table.calls tbody th a')).map((u) =>
      Number(/call\/(\d+)/.exec(u)[1]));
    // The last page forwards may be short; the one before it is not.
    assert.deepEqual(here, there[i], `page ${i} backwards`);
    times.unshift(...await page.$$eval('table.calls tbody th time', (all) =>
      all.map((t) => Date.parse(t.getAttribute('datetime')))));
    const back = await page.$('a[rel=prev]');
    assert.equal(back === null, i === 0, `page ${i}: newer`);
    if (back) await Promise.all([page.waitForNavigation(), back.click()]);
  }
  assert.equal(times.length, forwards.length);
  assert.ok(times.every((t, i) => i === 0 || t <= times[i - 1]), 'order');
  await close();
  none(faults);
};

// The number that stands there, whatever is between its digits.
const number = async (page, selector) =>
  Number((await page.textContent(selector)).replace(/\D/g, ''));

// How many calls a list has, over all its pages.
const listed = async (url) => {
  let calls = 0;
  for (let next = url; next !== null;) {
    const text = await (await get(next)).text();
    calls += (text.match(/<th [^>]*><a href="[^"]*call\/\d+/g) ?? []).length;
    const [, href] = /<a rel="next" href="([^"]*)"/.exec(text) ?? [];
    next = href === undefined ? null
      : new URL(href.replaceAll('&amp;', '&'), next).href;
  }
  return calls;
};

checks.exports = async () => {
  const { page, faults, close } = await open();
  const week = { from: ago(6), to: ago(0) };
  const filters = [always, week, { from: ago(3), to: ago(3) },
    { ...always, source: 'clinic' }, { ...always, outcome: 'voicemail' },
    { ...always, outcome: 'open' }, { ...always, direction: 'inbound' },
    { ...always, source: 'stranger' }, { ...always, agent: '-' },
    { ...always, agent: hostile.texts.markup },
    { ...week, source: 'renewals', outcome: 'no_answer' },
    { ...always, flag: 'variant' }, { ...always, text: '田中です' },
    { ...week, text: 'appointment' }, { ...always, text: 'no-such-word' }];
  for (const values of filters) {
    const filter = query(values);
    const csv = parseCsv(await (await get(`${report}export.csv?${filter}`))
      .text());
    const ndjson = (await (await get(`${report}export.ndjson?${filter}`))
      .text()).split('\n').filter((l) => l !== '').map((l) => JSON.parse(l));
    await page.goto(`${report}calls?${filter}`);
    let screen = await page.$('.count') ? await number(page, '.count b') : 0;
    // Where all are not counted, the pages of the list are.
    if (/more/.test(await page.textContent('main .count, main .empty')))
      screen = await listed(page.url());
    const [head, ...rows] = csv;
    const all = [screen, rows.length, ndjson.length];
    note(`# ${filter.slice(0, 90)}: ${screen} calls`);
    if (unique(all).length !== 1)
      faults.push(`${filter}: ${all.join(', ')} on screen, in CSV, in NDJSON`);
    if (rows.some((r) => r.length !== head.length))
      faults.push(`${filter}: a row of another length`);
    // A cell must not be taken for a formula.  A tab keeps a number as it is.
    for (const cell of rows.flat())
      if (/^\s*[=@+\r-]/.test(cell) && !/^\t[\d +.,:\/%$()'-]+$/.test(cell))
        faults.push(`${filter}: a formula: ${cell.slice(0, 40)}`);
    if (values.text === undefined && values.flag === undefined && screen > 0) {
      await page.goto(`${report}?${filter}`);
      const told = await number(page, '.tile .value');
      if (told !== screen)
        faults.push(`${filter}: ${told} in the overview, not ${screen}`);
    }
  }
  await close();
  none(faults);
};

checks.links = async () => {
  const faults = [];
  const done = new Set();
  for (const { name, url } of pages()) {
    const text = await textOf(url);
    const perKind = {};
    for (const link of unique(hrefsIn(text, url))) {
      const [to, id] = link.split('#');
      if (id !== undefined && to === url) {
        if (!text.includes(` id="${id}"`)) faults.push(`${name}: no #${id}`);
        continue;
      }
      // A few of each kind, lest it take all day.
      perKind[kind(to)] = (perKind[kind(to)] ?? 0) + 1;
      if (perKind[kind(to)] > 6 || done.has(to)) continue;
      done.add(to);
      if (!to.startsWith(origin)) {
        if (!/^https?:/.test(to)) faults.push(`${name}: leads to ${to}`);
        continue;
      }
      if (!to.startsWith(report)) faults.push(`${name}: leads to ${to}`);
      const answer = await get(to);
      await answer.arrayBuffer();
      if (answer.status !== 200)
        faults.push(`${name}: ${short(to)}: ${answer.status}`);
    }
  }
  assert.ok(done.size > 100, `only ${done.size} links`);
  none(faults);
};

// A link of each kind that a page of each kind has, as a person follows it.
checks.follow = async () => {
  const { page, faults, close } = await open();
  const done = new Set();
  // WebDriver cannot click on what lies in a chart.
  const links = isChromium ? 'main a[href], header a[href]'
    : 'main a[href]:not(svg a), header a[href]';
  // The first link here of a kind that nobody has followed: it is marked.
  const next = async () => {
    const here = page.url();
    const found = (await page.$$eval(links, (all) => all.map((a, i) => ({
      i,
      top: a.closest('header') !== null,
      href: new URL(a.getAttribute('href'), document.baseURI).href,
      shown: a.checkVisibility() && a.getBoundingClientRect().width > 1,
    }))))
      // All pages have the same header.
      .map((a) => ({ ...a,
        way: `${a.top ? 'header' : kind(here)} ${kind(a.href)}` }))
      .find(({ way, href, shown }) => shown && !done.has(way) &&
        href.startsWith(report) && !/#|export/.test(href));
    if (found === undefined) return null;
    done.add(found.way);
    await page.$$eval(links, (all, at) =>
      all[at].setAttribute('data-next', ''), found.i);
    return found.href;
  };
  for (const { name, url, status } of pagesHere()) {
    if (status !== 200 || /hostile/.test(name)) continue;
    const [, main] = /<main([^]*)<\/main>/.exec(await textOf(url));
    const isDone = () => hrefsIn(main, url).every((href) =>
      done.has(`${kind(url)} ${kind(href)}`));
    // On from where a link led, and back here, until nothing is left.
    for (let more = true; more && !isDone();) {
      more = false;
      await page.goto(url);
      for (let href; (href = await next()) !== null; more = true) {
        const from = page.url();
        await Promise.all([page.waitForNavigation(), page.click('[data-next]')]);
        if (page.url() !== href)
          faults.push(`${short(from)}: ${short(href)} led to ${
            short(page.url())}`);
      }
    }
  }
  note([...done].join('\n'));
  assert.ok(done.size > 15, `only ${done.size} kinds of links`);
  await close();
  none(faults);
};

// What a browser saves is what the server sends.
checks.downloads = async () => {
  const { page, faults, download, close } = await open();
  await page.goto(`${report}calls?${query({ from: ago(3), to: ago(2) })}`);
  for (const type of ['csv', 'ndjson']) {
    const link = `a[href*="export.${type}"]`;
    const url = await page.$eval(link, (a) => a.href);
    // Not by text(), which drops the mark of the order of bytes.
    const sent = Buffer.from(await (await get(url)).arrayBuffer()).toString();
    assert.ok(sent.length > 1000, type);
    if (await download(link, type) !== sent)
      faults.push(`${type}: what was saved is not what was sent`);
  }
  await close();
  none(faults);
};

// Every width that a tablet or half a screen may have.
checks.tablet = async () => {
  const { page, faults, close } = await open();
  for (const { name, url, status } of pages()) {
    if (status !== 200 || /hostile-[3-9]/.test(name)) continue;
    await page.goto(url.replace('/report.cgi/', '/full.cgi/'));
    for (const width of WIDTHS.filter((w) => w >= 600 && w < 1280)) {
      await page.setViewportSize({ width, height: 900 });
      for (const fault of await overflow(page))
        faults.push(`${name} at ${width}: ${fault}`);
    }
  }
  await close();
  none(faults);
};

// Facts stand beside the conversation, and the events below it, not below both.
checks.short_talk = async () => {
  const { page, faults, close } = await open();
  for (const { name, url } of pages()) {
    if (!/^call-(talk|completed|no_answer|failed)/.test(name)) continue;
    await page.goto(url);
    const box = async (selector) => {
      const found = page.locator(selector);
      return await found.count() === 1 ? found.boundingBox() : null;
    };
    const talk = await box(TALK);
    const facts = await box(FACTS);
    const events = await box('.card:has(> .timeline)');
    const left = talk ?? events;
    // Chosen since it has all: else nothing would be compared below.
    if (/^call-talk/.test(name) && [talk, facts, events].includes(null)) {
      faults.push(`${name}: not one conversation, facts and events`);
      continue;
    }
    if (facts !== null && (facts.x < left.x + left.width ||
        Math.abs(facts.y - left.y) > 1))
      faults.push(`${name}: facts are not beside`);
    if (talk !== null && (events.y - talk.y - talk.height > 32 ||
        events.x !== talk.x))
      faults.push(`${name}: events are ${
        events.y - talk.y - talk.height} below the conversation`);
  }
  await close();
  none(faults);
};

// Chromium alone makes a PDF.
checks.pages_of_paper = async () => {
  const { page, faults, close } = await open();
  const margin = { top: '1cm', right: '1cm', bottom: '1cm', left: '1cm' };
  for (const path of ['', `?${query(always)}`])
    // The lower of each two: the other of these has more room on a page.
    for (const [format, landscape] of [['Letter', false], ['A4', true]]) {
      await page.goto(report + path);
      const pdf = await page.pdf({ format, landscape, margin });
      const sheets = pdf.toString('latin1').match(/\/Type\s*\/Page\b/g);
      if (!(sheets.length <= 3))
        faults.push(`${path || 'overview'} on ${format}, ${
          landscape ? 'across' : 'upright'}: ${sheets.length} pages`);
    }
  await close();
  none(faults);
};

// Not a check either: what README.md shows, down to the first chart.
checks.picture = async () => {
  const { page, faults, close } = await open();
  await page.goto(report);
  const { y, height } = await page.locator('figure.chart').first()
    .boundingBox();
  await page.screenshot({
    path: `${screens}/picture.png`,
    fullPage: true,
    clip: { x: 0, y: 0, width: 1280, height: Math.round(y + height) + 16 },
  });
  await close();
  none(faults);
};

// Asked for by http://check/NAME?VARIANT, one after the other: 200 is without
// fault, else what was found is said.
const answer = async (url, to) => {
  const { pathname, search } = new URL(url, 'http://check');
  const name = pathname.slice(1);
  notes.length = 0;
  try {
    if (name === 'stop') await closeBrowser();
    else await checks[name](search.slice(1));
    to.writeHead(200);
  } catch (e) {
    // What is wrong is enough where it is a page that is wrong.
    note(e instanceof assert.AssertionError ? e.message : e.stack);
    to.writeHead(500);
    // Why a browser does not close must not hide what was found.
    await closeBrowser().catch((e) => note(`not closed: ${e.message}`));
  }
  to.end(notes.map((line) => `${line}\n`).join(''));
  if (name === 'stop') server.close();
};

let last = Promise.resolve();
const server = createServer(({ url }, to) => {
  last = last.then(() => answer(url, to));
});
server.listen(process.argv[2]);
