// browser.mjs - a browser at the report, and what every visit watches for.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { readFileSync, readdirSync, rmSync } from 'node:fs';

import { closeAll, openPage, until } from './webdriver.mjs';

const { chromium } = createRequire(import.meta.url)('playwright-core');

const { PORT, LOGIN, SCREENS } = process.env;
// chromium, by way of playwright; or firefox, webkit: see webdriver.mjs.
export const BROWSER = process.env.BROWSER ?? 'chromium';
export const isChromium = BROWSER === 'chromium';
export const origin = `http://127.0.0.1:${PORT}`;
export const report = `${origin}/report.cgi/`;
export const screens = SCREENS;

const [username, password] = LOGIN.split(':');
const authorization = `Basic ${Buffer.from(LOGIN).toString('base64')}`;

// A page's address without what all have in common.
export const short = (url) => url.replace(report, '/');

// What a browser would get, with the password.  Follows no redirection.
export const get = (url, headers) => fetch(url,
  { headers: headers ?? { authorization }, redirect: 'manual' });

// What has been read once, for all checks: the text of a page in a language.
const texts = new Map();

export const textOf = async (url, locale = 'en') => {
  const key = `${locale} ${url}`;
  if (!texts.has(key)) {
    const answer = await get(url, { authorization, 'accept-language': locale });
    texts.set(key, await answer.text());
  }
  return texts.get(key);
};

// Starting one takes as long as many pages: all checks have the same.
let launched;
const theChromium = () => launched ??= chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  // Its sandbox does not work for root, who need not fear our own pages.
  chromiumSandbox: process.getuid() !== 0,
});

// The next check has a new one.
export const closeBrowser = async () => {
  const old = launched;
  launched = undefined; // also of one that did not start
  if (isChromium) await (await old)?.close();
  else await closeAll();
};

const openChromium = async ({ tell: told, expected, ...options }) => {
  const context = await (await theChromium()).newContext({
    httpCredentials: { username, password },
    timezoneId: 'America/New_York', // the viewer's does not matter
    ...options,
  });
  const page = await context.newPage();
  const tell = (what) => told(`${short(page.url())}: ${what}`);

  page.setDefaultTimeout(60000);
  page.on('console', (m) => {
    if (!expected.has(m.location().url)) tell(`console: ${m.text()}`);
  });
  page.on('pageerror', (e) => tell(`error: ${e}`));
  page.on('dialog', (d) => { tell(`dialog: ${d.message()}`); d.dismiss(); });
  page.on('requestfailed', (r) => {
    // A download is not shown, that is all.
    if (!downloading) tell(`failed: ${r.url()} ${r.failure()?.errorText}`);
  });
  page.on('response', (r) => {
    if (r.status() >= 400 && !expected.has(r.url()))
      tell(`${r.status()}: ${r.url()}`);
  });
  await page.exposeFunction('tellViolation', (what) => tell(`policy: ${what}`));
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (e) =>
      window.tellViolation(`${e.violatedDirective} ${e.blockedURI}`));
  });

  let downloading = false;
  const download = async (selector) => {
    downloading = true;
    const [file] = await Promise.all([page.waitForEvent('download'),
      page.click(selector)]);
    return readFileSync(await file.path(), 'utf8');
  };
  return { page, download, close: () => context.close() };
};

// Once there is a file, and it does not grow any more.
const openOther = async (options) => {
  const { page, downloads, close } = await openPage(BROWSER,
    { origin, authorization, ...options });
  const download = async (selector, want) => {
    await page.click(selector);
    let text;
    await until('download', () => {
      const [name] = readdirSync(downloads).filter((n) => n.endsWith(want));
      if (name === undefined) return false;
      const before = text;
      text = readFileSync(`${downloads}/${name}`, 'utf8');
      return text !== '' && text === before;
    });
    for (const name of readdirSync(downloads)) rmSync(`${downloads}/${name}`);
    return text;
  };
  return { page, download, close };
};

/*
 * A page of its own in a window of that size.  faults is filled with what
 * goes wrong in it: messages on the console, violations of the policy,
 * requests that fail, scripts that run.  close() is to be called before
 * faults are looked at.
 */
export const open = async (options = {}) => {
  const faults = [];
  const expected = new Set(); // addresses that answer with an error
  const all = {
    viewport: { width: 1280, height: 900 },
    colorScheme: 'light',
    ...options,
    expected,
    tell: (what) => faults.push(what),
  };
  const opened = isChromium ? await openChromium(all)
    : await openOther(all);
  return { faults, expected, ...opened };
};

// All that was found, at once.
export const none = (faults) => {
  const lines = faults.slice(0, 60).map((f) => f.slice(0, 250));
  if (faults.length > 60) lines.push(`and more, ${faults.length} in all`);
  if (lines.length > 0) assert.fail(lines.join('\n'));
};

// CSV of RFC 4180 as rows of cells.
export const parseCsv = (text) => {
  const rows = [];
  let row = [];
  const cell = /("(?:[^"]|"")*"|[^",\r\n]*)(,|\r\n|$)/gy;
  const body = text.replace(/^\ufeff/, '');
  while (cell.lastIndex < body.length) {
    const at = cell.lastIndex;
    const match = cell.exec(body);
    assert.ok(match, `no CSV at ${at}: ${body.slice(at, at + 80)}`);
    const [, value, end] = match;
    row.push(value.startsWith('"')
      ? value.slice(1, -1).replaceAll('""', '"') : value);
    if (end !== ',') {
      rows.push(row);
      row = [];
    }
  }
  return rows;
};
