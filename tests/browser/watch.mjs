// watch.mjs - a proxy between a browser and the report, which sees what the
// protocols that drive browsers do not tell: how each request was answered,
// and what the policy of a page forbade.
import { Agent, createServer, request } from 'node:http';

// Where browsers post violations; answered here, never by the server.
const VIOLATIONS = '/policy-violated';

// Are of one connection, and not to be handed on.
const HOP_BY_HOP = ['connection', 'keep-alive', 'proxy-connection',
  'transfer-encoding'];

const without = (headers, names) => Object.fromEntries(
  Object.entries(headers).filter(([name]) => !names.includes(name)));

const textOf = async (stream) => {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
};

/*
 * On a free port of 127.0.0.1.  Requests for `origin` are sent on, with the
 * password; for others there is no answer, lest a browser call home.
 * answered maps each address to its last status; violated() is called with
 * what a page was forbidden.  setLanguage() makes the browser ask for pages in
 * another language than its own, or in its own again.
 */
export const watch = async (origin, authorization, violated) => {
  const answered = new Map();
  let language = {};
  // A connection that is kept may be closed by the server just as the next
  // request is written to it.
  const agent = new Agent({ keepAlive: false });
  // The policy stays what it is, and is told where to report to.
  const reporting = (headers) => 'content-security-policy' in headers
    ? { ...headers, 'content-security-policy':
        `${headers['content-security-policy']}; report-uri ${VIOLATIONS}` }
    : headers;

  const server = createServer(async (from, to) => {
    if (!from.url.startsWith(`${origin}/`)) {
      to.writeHead(502).end();
      return;
    }
    if (from.url === origin + VIOLATIONS) {
      const { 'csp-report': said } = JSON.parse(await textOf(from));
      to.writeHead(204).end();
      violated(said);
      return;
    }
    const onward = request(from.url, {
      agent,
      method: from.method,
      headers: { ...without(from.headers, HOP_BY_HOP), authorization,
        ...language },
    }, (answer) => {
      answered.set(from.url, answer.statusCode);
      to.writeHead(answer.statusCode,
        reporting(without(answer.headers, HOP_BY_HOP)));
      answer.pipe(to);
    });
    onward.on('error', () => {
      answered.set(from.url, 502);
      to.destroy();
    });
    from.pipe(onward);
  });
  server.on('connect', (_, socket) => socket.destroy());
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    port: server.address().port,
    answered,
    setLanguage: (locale) => {
      language = locale === undefined ? {} : { 'accept-language': locale };
    },
    close: () => {
      server.closeAllConnections();
      agent.destroy();
      return new Promise((closed) => server.close(closed));
    },
  };
};
