// node cloudevents.mjs <EXPORT - is each line a CloudEvent?
//
// Read as a user of the CloudEvents SDK would, strictly; then what the SDK
// does not look at.  Prints the number of events.  NODE_PATH names the
// directory that the SDK was installed in.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const { CloudEvent, HTTP } = createRequire(import.meta.url)('cloudevents');

// Sections 3.1 and 3.1.1: no empty attribute, no control characters.
const disallowed = /[\u0000-\u001f\u007f-\u009f]/;
const required = ['specversion', 'id', 'source', 'type'];
const ours = ['time', 'sequence', 'provider', 'datacontenttype', 'data'];

const seen = new Set();
let last = '';
let count = 0;

for await (const line of createInterface({ input: process.stdin })) {
  const object = JSON.parse(line);
  // The SDK makes up an id or a time that is not there.
  for (const name of [...required, ...ours]) assert.ok(name in object, name);
  for (const [name, value] of Object.entries(object)) {
    if (name === 'data') continue;
    assert.match(name, /^[a-z0-9]{1,20}$/);
    assert.equal(typeof value, 'string', name);
    assert.notEqual(value, '', name);
    assert.doesNotMatch(value, disallowed, name);
  }
  assert.match(object.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);

  const event = new CloudEvent(object, true);
  const message = HTTP.structured(event);
  const again = HTTP.toEvent({ headers: message.headers, body: message.body });
  assert.deepEqual(JSON.parse(JSON.stringify(again)), object);

  // Identity is (source, id); order is the text of sequence.
  const identity = `${object.source} ${object.id}`;
  assert.ok(!seen.has(identity), `twice: ${identity}`);
  seen.add(identity);
  assert.ok(object.sequence > last, `${object.sequence} after ${last}`);
  last = object.sequence;
  count++;
}
console.log(count);
