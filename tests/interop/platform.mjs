// node platform.mjs sign|verify NAME SECRET BODY [URL [TYPE]] - what a
// platform's own library says.
//
// sign prints the request's variables as a CGI program sees them, NAME=VALUE
// a line.  verify reads `Name: value` lines of the request's headers from
// standard input and fails if the library does.  BODY is a file.  NODE_PATH
// names the directory that the libraries were installed in.
import assert from 'node:assert/strict';
import { createHash, createHmac, createPrivateKey, createPublicKey, sign as signKey,
  verify as verifyKey, webcrypto } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { parse } from 'node:querystring';
import { pathToFileURL } from 'node:url';

// Debian's node 18 has it, and does not make it global as later ones do.
globalThis.crypto ??= webcrypto;

const require = createRequire(import.meta.url);
const [task, name, secret, file, url = '', type = ''] = process.argv.slice(2);
const body = readFileSync(file);
const text = body.toString();
const isForm = type === 'application/x-www-form-urlencoded';
const id = 'msg_2KWPBgLlAfxdpx2AI54pPJ85f4W';
const seconds = () => Math.floor(Date.now() / 1000);

const standard = () => new (require('standardwebhooks').Webhook)(secret);

// Where the module lies that only import() can load.
const liveKit = () => pathToFileURL(require.resolve('livekit-server-sdk'));

// v1a of Standard Webhooks has no library: SECRET is the file of a key.
const signedText = (time) => Buffer.concat([Buffer.from(`${id}.${time}.`), body]);
const standardHeaders = (time, signature) => ({
  'webhook-id': id,
  'webhook-timestamp': `${time}`,
  // Others around it: a sender that rotates its key, and newer schemes.
  'webhook-signature': `v2,AAAA v1,AAAA v1a,AAAA ${signature}`,
});

// Plivo's library only validates: this is what it must say yes to.
const sorted = (fields, join, between) => Object.keys(fields).sort()
  .flatMap((name) => [].concat(fields[name]).sort()
    .map((value) => name + join + value)).join(between);
const plivoText = () => {
  const [address, query] = url.split('?');
  const pairs = query ? sorted(parse(query), '=', '&') : '';
  if (!isForm) return pairs ? `${address}?${pairs}` : address;
  return `${address}?${pairs}${pairs ? '.' : ''}${sorted(parse(text), '', '')}`;
};
const plivoTakes = (nonce, signature) => require('plivo').validateV3Signature(
  isForm ? 'POST' : 'GET', url, nonce, secret, signature,
  isForm ? { ...parse(text) } : {});

// Telnyx's likewise; it wants the 32 bytes of the key.
const telnyxTakes = async (headers, key) => {
  const Telnyx = require('telnyx').default;
  const bytes = createPublicKey(key).export({ type: 'spki', format: 'der' });
  await new Telnyx({ apiKey: 'none' }).webhooks.unwrap(text, {
    headers, key: bytes.subarray(-32).toString('base64'),
  });
};

const base64Hash = () => createHash('sha256').update(body).digest('base64');
const hexHash = () => createHash('sha256').update(body).digest('hex');

const sign = {
  plivo: () => {
    const nonce = '05429567804466091622';
    const signature = createHmac('sha256', secret)
      .update(`${plivoText()}.${nonce}`).digest('base64');
    assert(plivoTakes(nonce, signature));
    return {
      ':query': url.split('?')[1] ?? '',
      'x-plivo-signature-v3-nonce': nonce,
      'x-plivo-signature-v3': `AAAA,${signature}`,
    };
  },
  telnyx: async () => {
    const key = createPrivateKey(readFileSync(secret));
    const time = `${seconds()}`;
    const headers = {
      'telnyx-timestamp': time,
      'telnyx-signature-ed25519': signKey(
        null, Buffer.from(`${time}|${text}`), key).toString('base64'),
    };
    await telnyxTakes(headers, readFileSync(secret));
    return headers;
  },
  livekit: async () => {
    const { AccessToken } = await import(liveKit());
    const token = new AccessToken('APIkey', secret, { ttl: '5m' });
    token.sha256 = base64Hash();
    return { authorization: await token.toJwt() };
  },
  vonage: () => ({
    authorization: `Bearer ${require('jsonwebtoken').sign({
      iss: 'Vonage', jti: id, payload_hash: hexHash(), api_key: 'a1b2c3',
    }, secret, { algorithm: 'HS256' })}`,
  }),
  // The library's own tokens, which applications send: RS256.
  'vonage-application': () => ({
    authorization: `Bearer ${require('@vonage/jwt').tokenGenerate(
      'aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab', readFileSync(secret),
      { sha256: base64Hash(), ttl: 60 })}`,
  }),
  'standard-webhooks': () => {
    const time = new Date(seconds() * 1000);
    return standardHeaders(seconds(), standard().sign(id, time, text));
  },
  ed25519: () => {
    const time = seconds();
    const key = createPrivateKey(readFileSync(secret));
    const signature = signKey(null, signedText(time), key);
    return standardHeaders(time, `v1a,${signature.toString('base64')}`);
  },
  twilio: () => {
    const twilio = require('twilio');
    let address = url;
    if (!isForm && body.length > 0) {
      address += address.includes('?') ? '&' : '?';
      address += `bodySHA256=${twilio.getExpectedBodyHash(text)}`;
    }
    return {
      ':query': address.split('?')[1] ?? '',
      'x-twilio-signature': twilio.getExpectedTwilioSignature(
        secret, address, isForm ? { ...parse(text) } : {}),
    };
  },
  retell: async () => ({
    'x-retell-signature': await require('retell-sdk').sign(text, secret),
  }),
  jwt: () => ({
    authorization: `Bearer ${require('jsonwebtoken').sign({
      payload_hash: createHash('sha256').update(body).digest('hex'),
    }, secret, { algorithm: 'HS256', expiresIn: 60 })}`,
  }),
};

const verify = {
  plivo: (headers) => assert(plivoTakes(
    headers['x-plivo-signature-v3-nonce'], headers['x-plivo-signature-v3'])),
  telnyx: (headers) => telnyxTakes(headers, readFileSync(secret)),
  livekit: async (headers) => {
    const { WebhookReceiver } = await import(liveKit());
    // Without the key's name, which `callbook send` does not know.
    await new WebhookReceiver(undefined, secret).receive(
      text, headers.authorization);
  },
  vonage: (headers) => {
    const token = headers.authorization.replace('Bearer ', '');
    assert(require('@vonage/jwt').verifySignature(token, secret));
    assert.equal(
      require('jsonwebtoken').decode(token).payload_hash, hexHash());
  },
  'vonage-application': (headers) => {
    const token = headers.authorization.replace('Bearer ', '');
    assert(require('@vonage/jwt').verifySignature(
      token, readFileSync(secret)));
    assert.equal(require('jsonwebtoken').decode(token).sha256, base64Hash());
  },
  'standard-webhooks': (headers) => standard().verify(text, headers),
  ed25519: (headers) => {
    const [version, signature] = headers['webhook-signature'].split(',');
    assert.equal(version, 'v1a');
    assert(verifyKey(null, Buffer.concat([
      Buffer.from(`${headers['webhook-id']}.${headers['webhook-timestamp']}.`),
      body,
    ]), createPublicKey(readFileSync(secret)), Buffer.from(signature, 'base64')));
  },
  twilio: (headers) => {
    const twilio = require('twilio');
    const signature = headers['x-twilio-signature'];
    assert(isForm || type === ''
      ? twilio.validateRequest(secret, signature, url,
        isForm ? { ...parse(text) } : {})
      : twilio.validateRequestWithBody(secret, signature, url, text));
  },
  retell: async (headers) => assert(await require('retell-sdk').verify(
    text, secret, headers['x-retell-signature'])),
  elevenlabs: async (headers) => {
    const { ElevenLabsClient } = require('@elevenlabs/elevenlabs-js');
    const { webhooks } = new ElevenLabsClient({ apiKey: 'none' });
    await webhooks.constructEvent(
      text, headers['elevenlabs-signature'], secret);
  },
  jwt: (headers) => {
    const token = headers.authorization.replace('Bearer ', '');
    const claims = require('jsonwebtoken').verify(
      token, secret, { algorithms: ['HS256'] });
    assert.equal(claims.payload_hash,
      createHash('sha256').update(body).digest('hex'));
  },
};

if (task === 'sign') {
  for (const [header, value] of Object.entries(await sign[name]())) {
    const variable = header === ':query' ? 'QUERY_STRING'
      : `HTTP_${header.toUpperCase().replaceAll('-', '_')}`;
    console.log(`${variable}=${value}`);
  }
} else {
  const lines = readFileSync(0, 'utf8').split('\n').filter(Boolean);
  await verify[name](Object.fromEntries(lines.map((line) => {
    const [, header, value] = /^([^:]+): (.*)$/.exec(line);
    return [header.toLowerCase(), value];
  })));
}
