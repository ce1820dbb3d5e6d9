// webdriver.mjs - Firefox and WebKit as Debian has them, without a screen.
//
// Both are driven by the commands of WebDriver: WebKit over HTTP by way of
// WebKitWebDriver, Firefox over its own socket ("Marionette"), which is what
// geckodriver would speak to it.  A page has those methods of playwright's
// pages that the checks use, with the same meaning.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync,
  writeFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';

import { watch } from './watch.mjs';

const WAIT = 60000; // milliseconds, for whatever should happen soon
// Its own would end scripts early where others compute.
const timeouts = { script: 5 * WAIT, pageLoad: 5 * WAIT };
const ZONE = 'America/New_York';
const FORBIDDEN = 'http://forbidden.invalid'; // by every page's policy
const KEYS = { Tab: '\ue004', Enter: '\ue007' };

export const until = async (what, condition) => {
  const end = Date.now() + WAIT;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`no ${what} after ${WAIT} ms`);
    await pause(10);
  }
};

// --- programs ------------------------------------------------------------------

const running = new Set();

// With a process group of its own, as browsers start others; those that are
// left when node ends for whatever reason do not outlive it.
const start = (command, args, env) => {
  const child = spawn('setpriv', ['--pdeathsig', 'TERM', command, ...args],
    { env, detached: true, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
  const program = { pid: child.pid, said: '', ended: false };
  const hear = (text) => {
    program.said = (program.said + text).slice(-4000);
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  child.stdio[3].on('data', hear);
  child.on('error', (e) => hear(e.message));
  program.end = new Promise((ended) => child.on('close', () => {
    program.ended = true;
    running.delete(program);
    ended();
  }));
  running.add(program);
  return program;
};

const signal = (program, name) => {
  try {
    process.kill(-program.pid, name);
  } catch {
    // It has ended.
  }
};

const stop = async (program) => {
  signal(program, 'SIGTERM');
  const late = setTimeout(() => signal(program, 'SIGKILL'), WAIT / 10);
  await program.end;
  clearTimeout(late);
};

const directories = new Set();

const directory = () => {
  const path = mkdtempSync(`${tmpdir()}/browser-`);
  directories.add(path);
  return path;
};

const remove = (path) => {
  rmSync(path, { recursive: true, force: true, maxRetries: 5 });
  directories.delete(path);
};

process.on('exit', () => {
  for (const program of running) signal(program, 'SIGKILL');
  directories.forEach(remove);
});
for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'])
  process.on(name, () => process.exit(1));

// The environment of a browser: nothing of the user's, all of it below `home`.
const environment = (home, more) => {
  mkdirSync(`${home}/run`, { mode: 0o700 });
  mkdirSync(`${home}/downloads`);
  mkdirSync(`${home}/.config`);
  writeFileSync(`${home}/.config/user-dirs.dirs`,
    'XDG_DOWNLOAD_DIR="$HOME/downloads"\n');
  return { PATH: process.env.PATH, LANG: 'C.UTF-8', TZ: ZONE, HOME: home,
    TMPDIR: home, XDG_RUNTIME_DIR: `${home}/run`, GSETTINGS_BACKEND: 'memory',
    NO_AT_BRIDGE: '1', ...more };
};

// --- commands ------------------------------------------------------------------

const failed = ({ error, message }) => new Error(`${error}: ${message}`);

// Commands to Firefox: "LENGTH:[0,ID,NAME,PARAMETERS]" over a socket.
class Marionette {
  #socket;
  #read = Buffer.alloc(0);
  #waiting = new Map();
  #last = 0;

  static async connect(port) {
    const self = new Marionette();
    self.#socket = createConnection(port, '127.0.0.1');
    self.#socket.on('data', (bytes) => self.#take(bytes));
    self.#socket.on('error', () => {});
    self.#socket.on('close', () => self.#waiting.forEach(({ reject }) =>
      reject(new Error('Firefox closed the connection'))));
    await new Promise((greeted) => self.#waiting.set('greeting',
      { resolve: greeted, reject: greeted }));
    return self;
  }

  #take(bytes) {
    this.#read = Buffer.concat([this.#read, bytes]);
    for (;;) {
      const colon = this.#read.indexOf(':');
      const end = colon + 1 + Number(this.#read.subarray(0, colon));
      if (colon < 0 || this.#read.length < end) return;
      const said = JSON.parse(this.#read.subarray(colon + 1, end));
      this.#read = this.#read.subarray(end);
      const [, id, error, value] = Array.isArray(said) ? said
        : [1, 'greeting', null, said];
      const { resolve, reject } = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error) reject(failed(error));
      else resolve(value !== null && 'value' in value ? value.value : value);
    }
  }

  send(name, parameters = {}) {
    const id = ++this.#last;
    const text = Buffer.from(JSON.stringify([0, id,
      name.includes(':') ? name : `WebDriver:${name}`, parameters]));
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#socket.write(Buffer.concat([Buffer.from(`${text.length}:`), text]));
    });
  }

  close() {
    this.#socket.destroy();
  }
}

// Where the same commands are over HTTP, after /session/ID.
const PATHS = {
  Navigate: 'POST /url',
  Back: 'POST /back',
  Forward: 'POST /forward',
  GetWindowHandles: 'GET /window/handles',
  SwitchToWindow: 'POST /window',
  SetWindowRect: 'POST /window/rect',
  ExecuteAsyncScript: 'POST /execute/async',
  PerformActions: 'POST /actions',
  FindElement: 'POST /element',
  ElementClick: 'POST /element/{id}/click',
  ElementClear: 'POST /element/{id}/clear',
  ElementSendKeys: 'POST /element/{id}/value',
  TakeScreenshot: 'GET /screenshot',
  DeleteSession: 'DELETE ',
};

class Http {
  constructor(port) {
    this.base = `http://127.0.0.1:${port}`;
  }

  async ask(method, path, body) {
    const answer = await fetch(this.base + path, {
      method,
      body: method === 'POST' ? JSON.stringify(body) : undefined,
    });
    const { value } = await answer.json();
    if (answer.status !== 200) throw failed(value);
    return value;
  }

  async open(capabilities) {
    const { sessionId } = await this.ask('POST', '/session',
      { capabilities: { alwaysMatch: capabilities } });
    this.session = `/session/${sessionId}`;
  }

  send(name, { id, ...parameters } = {}) {
    const [method, path] = PATHS[name].split(' ');
    return this.ask(method, this.session + path.replace('{id}', id),
      parameters);
  }
}

// --- pages ---------------------------------------------------------------------

const source = (what) => typeof what === 'function' ? String(what)
  : JSON.stringify(what) ?? 'undefined';

/*
 * `driver` sends commands.  What each browser is told in its own way is
 * resize(width, height) and media({ media, colorScheme }, page).
 */
class Page {
  #commands = Promise.resolve();
  #size;

  constructor({ driver, resize, media }, answered) {
    Object.assign(this, { driver, resize, media, answered });
    this.keyboard = { press: (key) => this.#key(KEYS[key]) };
  }

  // One at a time, in the order they were asked for.
  #send(name, parameters) {
    const done = this.#commands.then(() =>
      this.driver.send(name, parameters));
    this.#commands = done.catch(() => {});
    return done;
  }

  // `script` is JavaScript whose value is that of `body`.
  async #run(before, body) {
    const [error, value] = await this.#send('ExecuteAsyncScript', {
      script: `const told = arguments[arguments.length - 1];
        ${before}
        (async () => ${body})().then((value) => told([null, value]),
          (error) => told([String(error), null]));`,
      args: [],
      newSandbox: false,
    });
    if (error !== null) throw new Error(error);
    return value;
  }

  // A text is a whole script, and has no value.
  evaluate(what, argument) {
    return typeof what === 'string' ? this.#run(what, 'undefined')
      : this.#run('', `(${what})(${source(argument)})`);
  }

  $$eval(selector, what, argument) {
    return this.#run('', `(${what})([...document.querySelectorAll(${
      source(selector)})], ${source(argument)})`);
  }

  $eval(selector, what, argument) {
    return this.#run('', `(${what})(document.querySelector(${
      source(selector)}), ${source(argument)})`);
  }

  url() {
    return this.address;
  }

  async #arrived() {
    this.address = await this.evaluate(() => document.URL);
  }

  async goto(url) {
    await this.#send('Navigate', { url });
    await this.#arrived();
    const asked = this.address.replace(/#.*/, '');
    const status = this.answered.get(asked);
    assert.ok(status !== undefined, `asked for ${url}, shows ${asked}`);
    return { status: () => status };
  }

  // To be called before what makes the browser leave this page.
  async waitForNavigation() {
    // Fails between two documents.
    const document_ = () => this.evaluate(() =>
      [performance.timeOrigin, document.readyState]).catch(() => []);
    const [here] = await document_();
    await until('other page', async () => {
      const [origin, state] = await document_();
      return origin !== undefined && origin !== here && state === 'complete';
    });
    await this.#arrived();
  }

  async goBack() {
    await this.#send('Back');
    await this.#arrived();
  }

  async goForward() {
    await this.#send('Forward');
    await this.#arrived();
  }

  async setViewportSize(size) {
    this.#size = size;
    await this.resize(size.width, size.height);
    await until(`window ${size.width} wide`, () => this.evaluate(
      ({ width, height }) => innerWidth === width && innerHeight === height,
      size));
  }

  viewportSize() {
    return this.#size;
  }

  async emulateMedia(media) {
    await this.media(media, this);
  }

  // The whole page: the window is as high as needed for a moment.
  async screenshot({ path, clip }) {
    const size = this.#size;
    await this.setViewportSize({ ...size, height: clip.height });
    const image = await this.#send('TakeScreenshot', { full: false });
    writeFileSync(path, Buffer.from(image, 'base64'));
    await this.setViewportSize(size);
  }

  async #key(value) {
    await this.#send('PerformActions', { actions: [{ type: 'key', id: 'keys',
      actions: ['keyDown', 'keyUp'].map((type) => ({ type, value })) }] });
  }

  async #find(selector) {
    const element = await this.#send('FindElement',
      { using: 'css selector', value: selector });
    return Object.values(element)[0];
  }

  async click(selector) {
    await this.#send('ElementClick', { id: await this.#find(selector) });
  }

  locator(selector) {
    return {
      click: () => this.click(selector),
      isVisible: () => this.$$eval(selector, ([e]) => e !== undefined &&
        e.checkVisibility({ checkVisibilityCSS: true })),
    };
  }

  textContent(selector) {
    return this.$eval(selector, (e) => e.textContent);
  }

  // Text is typed; how a date is depends on the language of the browser.
  async fill(selector, value) {
    const id = await this.#find(selector);
    if (await this.$eval(selector, (e) => e.type) === 'date')
      await this.$eval(selector, (e, date) => { e.value = date; }, value);
    else {
      await this.#send('ElementClear', { id });
      await this.#send('ElementSendKeys', { id, text: value });
    }
  }

  async selectOption(selector, value) {
    await this.$eval(selector, (e, chosen) => { e.value = chosen; }, value);
  }

  async press(selector, key) {
    await this.$eval(selector, (e) => e.focus());
    await this.#key(KEYS[key]);
  }
}

// --- Firefox -------------------------------------------------------------------

// Nothing is fetched from elsewhere, nothing is asked.
const preferences = (home, port) => ({
  'marionette.port': 0,
  'network.proxy.type': 1,
  'network.proxy.http': '127.0.0.1',
  'network.proxy.http_port': port,
  'network.proxy.ssl': '127.0.0.1',
  'network.proxy.ssl_port': port,
  'network.proxy.allow_hijacking_localhost': true,
  'app.normandy.enabled': false,
  'app.update.disabledForTesting': true,
  'browser.download.dir': `${home}/downloads`,
  'browser.download.folderList': 2,
  'browser.shell.checkDefaultBrowser': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'nimbus.rollouts.enabled': false,
  'services.settings.server': 'data:,#remote-settings-dummy/v1',
  'toolkit.telemetry.enabled': false,
});

// Runs in the browser's own window, in the background of the page.
const inBrowser = async (driver, what, argument) => {
  await driver.send('Marionette:SetContext', { value: 'chrome' });
  try {
    return await driver.send('ExecuteScript', {
      script: `return (${what})(${source(argument)})`, args: [],
      newSandbox: false,
    });
  } finally {
    await driver.send('Marionette:SetContext', { value: 'content' });
  }
};

// What the console is told from now on.
const listen = () => {
  const heard = [];
  Services.console.registerListener({
    QueryInterface: ChromeUtils.generateQI(['nsIConsoleListener']),
    observe(message) {
      if (message instanceof Ci.nsIScriptError)
        heard.push([message.sourceName, message.errorMessage]);
    },
  });
  window.browserTests = { heard };
};

const firefox = async ({ port }) => {
  const home = directory();
  const profile = `${home}/profile`;
  mkdirSync(profile);
  writeFileSync(`${profile}/user.js`,
    Object.entries(preferences(home, port)).map(([name, value]) =>
      `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`)
      .join(''));
  const program = start(process.env.FIREFOX ?? 'firefox-esr',
    ['--headless', '--no-remote', '--marionette',
      '--remote-allow-system-access', '--profile', profile],
    environment(home));
  const told = `${profile}/MarionetteActivePort`;
  await until('Firefox', () => {
    if (program.ended) throw new Error(`Firefox ended: ${program.said}`);
    return existsSync(told) && readFileSync(told, 'utf8') !== '';
  });
  const driver = await Marionette.connect(Number(readFileSync(told, 'utf8')));
  await driver.send('NewSession',
    { capabilities: { alwaysMatch: { timeouts } } });
  await inBrowser(driver, listen);

  return {
    driver,
    home,
    // Windows have a least width; the page in it has none.
    resize: (width, height) => inBrowser(driver, (size) => {
      window.gBrowser.selectedBrowser.style.cssText = `flex: none;
        min-width: 0; width: ${size.width}px; height: ${size.height}px`;
    }, { width, height }),
    media: (media) => inBrowser(driver, ({ media: medium, colorScheme }) => {
      const context = window.gBrowser.selectedBrowser.browsingContext;
      if (medium !== undefined) context.mediumOverride = medium ?? '';
      if (colorScheme !== undefined)
        context.prefersColorSchemeOverride = colorScheme;
    }, media),
    // Violations of the policy are told by their own way.
    console: async (origin) =>
      (await inBrowser(driver, () => window.browserTests.heard.splice(0)))
        .filter(([where, what]) => where.startsWith(origin) &&
          !what.startsWith('Content-Security-'))
        .map(([where, what]) => `${where}: ${what}`),
    close: async () => {
      await driver.send('Marionette:Quit', { flags: ['eForceQuit'] });
      await program.end;
      driver.close();
      remove(home);
    },
  };
};

// --- WebKit --------------------------------------------------------------------

// Which lies in the directory of an architecture.
const miniBrowser = () => {
  const found = readdirSync('/usr/lib')
    .map((name) => `/usr/lib/${name}/webkit2gtk-4.1/MiniBrowser`)
    .find((path) => existsSync(path));
  assert.ok(found, 'no MiniBrowser of WebKitGTK');
  return found;
};

/*
 * Of its own, on whatever number is free.  It is so small that its pointer is
 * over every window, which therefore has the focus, as nobody manages windows
 * here; and windows may be larger than it.
 */
const screen = async (env) => {
  const program = start('Xvfb', ['-displayfd', '3', '-screen', '0',
    '320x240x24', '-nolisten', 'tcp'], env);
  const number = await until('Xvfb', () => {
    if (program.ended) throw new Error(`Xvfb ended: ${program.said}`);
    return /^(\d+)\n/m.exec(program.said);
  });
  return { program, display: `:${number[1]}` };
};

const freePort = async () => {
  const server = createServer();
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address();
  await new Promise((closed) => server.close(closed));
  return port;
};

// Its port may have been taken by another meanwhile: then it ends.
const webkitDriver = async (env) => {
  for (let i = 0; i < 10; i++) {
    const port = await freePort();
    const program = start('WebKitWebDriver', [`--port=${port}`], env);
    const http = new Http(port);
    await until('WebKitWebDriver', () => program.ended ||
      http.ask('GET', '/status').catch(() => null));
    if (!program.ended) return { program, http };
  }
  throw new Error('WebKitWebDriver does not start');
};

// The rules for paper become those for the screen, and the other way round.
const asOnPaper = () => {
  const turn = (rules) => {
    for (const rule of rules) {
      if (rule.media) {
        const { mediaText } = rule.media;
        if (/^print/.test(mediaText)) {
          rule.media.mediaText = mediaText.replace(/^print( and )?/, '') || 'all';
        }
        if (/^screen/.test(mediaText)) rule.media.mediaText = 'not all';
      }
      if (rule.cssRules) turn(rule.cssRules);
    }
  };
  for (const sheet of document.styleSheets) turn(sheet.cssRules);
};

const webkit = async ({ port, colorScheme }) => {
  const home = directory();
  const env = environment(home, { LIBGL_ALWAYS_SOFTWARE: '1' });
  const { program: xvfb, display } = await screen(env);
  const { program, http: driver } =
    await webkitDriver({ ...env, DISPLAY: display });
  await driver.open({ timeouts, 'webkitgtk:browserOptions': {
    binary: process.env.WEBKIT ?? miniBrowser(),
    args: ['--automation', `--proxy=http://127.0.0.1:${port}`,
      `--time-zone=${ZONE}`,
      '--javascript-can-open-windows-automatically=true',
      ...(colorScheme === 'dark' ? ['--dark-mode'] : [])],
  } });
  // A window without a toolbar, which would be wider than a telephone.
  const first = await driver.send('GetWindowHandles');
  await driver.send('ExecuteAsyncScript', { args: [], script:
    `open('about:blank', '', 'popup'); arguments[0]()` });
  const handle = await until('second window', async () =>
    (await driver.send('GetWindowHandles')).find((h) => !first.includes(h)));
  await driver.send('SwitchToWindow', { handle });

  return {
    driver,
    home,
    resize: (width, height) =>
      driver.send('SetWindowRect', { width, height }),
    // It is told of colours when it starts, and of paper not at all: what is
    // shown is as on paper until another page is.
    media: async ({ media }, page) => {
      if (media === 'print') await page.evaluate(asOnPaper);
    },
    console: () => [],
    close: async () => {
      await driver.send('DeleteSession');
      await stop(program);
      await stop(xvfb);
      remove(home);
    },
  };
};

const browsers = { firefox, webkit };

// Those that are running, by what cannot be changed in one that runs.
const kept = new Map();

const started = async (name, { origin, authorization, colorScheme }) => {
  const key = name === 'webkit' ? colorScheme : '';
  if (!kept.has(key)) {
    // Whose page it is at the moment.
    const turn = { violated: () => {} };
    const watching = await watch(origin, authorization,
      (said) => turn.violated(said));
    kept.set(key, { turn, watching });
    const browser = await browsers[name]({ port: watching.port, colorScheme });
    kept.set(key, { turn, watching, browser,
      page: new Page(browser, watching.answered) });
  }
  return kept.get(key);
};

export const closeAll = async () => {
  for (const { browser } of kept.values())
    await browser?.close().catch(() => {});
  // What did not start, or did not obey.
  await Promise.all([...running].map(stop));
  await Promise.all([...kept.values()].map(({ watching }) =>
    watching.close()));
  kept.clear();
  directories.forEach(remove);
};

/*
 * The page of a browser of that name, which is started if there is none, and
 * goes on when the page is closed.  tell(FAULT) is called with what goes wrong
 * in it; `expected` are addresses that answer with an error.
 */
export const openPage = async (name, { origin, authorization, tell, expected,
  colorScheme, viewport, locale }) => {
  const { turn, watching, browser, page } = await started(name,
    { origin, authorization, colorScheme });
  const { answered } = watching;
  let proven = false;
  turn.violated = (said) => {
    if (said['blocked-uri'].startsWith(FORBIDDEN)) proven = true;
    else
      tell(`policy: ${said['effective-directive']} ${said['blocked-uri']} at ${
        said['document-uri']}`);
  };
  answered.clear();
  watching.setLanguage(locale);
  await page.setViewportSize(viewport);
  await page.emulateMedia({ colorScheme, media: null });

  return {
    page,
    downloads: `${browser.home}/downloads`,
    close: async () => {
      for (const [url, status] of answered)
        if (status >= 400 && !expected.has(url)) tell(`${status}: ${url}`);
      // Were violations not reported, this one would not be, either.
      await page.evaluate((url) => { new Image().src = url; }, FORBIDDEN);
      await until('report of a violation', () => proven);
      for (const said of await browser.console(origin))
        tell(`console: ${said}`);
    },
  };
};
