// browser.mjs - Chromium at the report, and what every visit watches for.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const { chromium } = createRequire(import.meta.url)('playwright-core');

const { PORT, LOGIN, SCREENS } = process.env;
export const origin = `http://127.0.0.1:${PORT}`;
export const report = `${origin}/report.cgi/`;
export const screens = SCREENS;

const [username, password] = LOGIN.split(':');
const authorization = `Basic ${Buffer.from(LOGIN).toString('base64')}`;

// A page's address without what all have in common.
export const short = (url) => url.replace(report, '/');

// What a browser would get, with the password.  Follows no redirection.
export const get = (url, headers = { authorization }) =>
  fetch(url, { headers, redirect: 'manual' });

export const launch = () => chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  // Its sandbox does not work for root, who need not fear our own pages.
  chromiumSandbox: process.getuid() !== 0,
});

/*
 * A page of its own in a window of that size.  faults is filled with what
 * goes wrong in it: messages on the console, violations of the policy,
 * requests that fail, scripts that run.
 */
export const open = async (browser, options = {}) => {
  const context = await browser.newContext({
    httpCredentials: { username, password },
    viewport: { width: 1280, height: 900 },
    timezoneId: 'America/New_York', // the viewer's does not matter
    ...options,
  });
  const page = await context.newPage();
  const faults = [];
  const expected = new Set(); // addresses that answer with an error
  const tell = (what) => faults.push(`${short(page.url())}: ${what}`);

  page.setDefaultTimeout(15000);
  page.on('console', (m) => {
    if (!expected.has(m.location().url)) tell(`console: ${m.text()}`);
  });
  page.on('pageerror', (e) => tell(`error: ${e}`));
  page.on('dialog', (d) => { tell(`dialog: ${d.message()}`); d.dismiss(); });
  page.on('requestfailed', (r) =>
    tell(`failed: ${r.url()} ${r.failure()?.errorText}`));
  page.on('response', (r) => {
    if (r.status() >= 400 && !expected.has(r.url()))
      tell(`${r.status()}: ${r.url()}`);
  });
  await page.exposeFunction('tellViolation', (what) => tell(`policy: ${what}`));
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (e) =>
      window.tellViolation(`${e.violatedDirective} ${e.blockedURI}`));
  });
  return { page, faults, expected, close: () => context.close() };
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
