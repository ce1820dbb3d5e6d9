// hostile.mjs - what strangers might send, to be shown as text.

export const texts = {
  markup: `"><script>alert(1)</script><img src=x onerror=alert(1)>'&amp;<!--`,
  long: 'W'.repeat(10000),
  // Turned round, it reads as a file of another kind.
  bidi: 'photo_\u202egnp.exe \u2066\u2067unclosed',
  nul: 'before\u0000after',
  control: 'a\u0001b\u001b[31mc\u007fd\u0085e',
  emoji: '\u{1f469}\u200d\u{1f469}\u200d\u{1f467} \u{1f4de} \u{1f1ee}\u{1f1f3}',
  hindi: 'नमस्ते, मैं राहुल बोल रहा हूँ।',
  japanese: 'もしもし、田中です。お世話になっております。',
  formula: '=HYPERLINK("http://example.com","x")',
};

// Numbers that must not be told in full, in all the places they may be.
export const phone = '+14155550123';

// A completed call in which everything that is text is `text`.
export const call = (name, text, time) => ({
  event_id: `evt-${name}-${text}`.slice(0, 200),
  event_type: 'call.completed',
  timestamp: time,
  data: {
    call: {
      conversation_id: `call-${name}-${text}`.slice(0, 200),
      trace_id: `trace-${name}`,
      agent_id: text,
      status: text,
      failure_reason: text,
      from_phone: name === 'long' ? text : phone,
      to_phone: name === 'markup' ? text : phone,
      started_at: time,
      ended_at: time,
      duration_seconds: 61,
      recording_url: `https://example.com/${text}`,
      call_parameters: { [text]: text, name: text },
    },
    results: { [text]: text, list: [text, { [text]: text }], number: phone },
    transcript: `BOT: ${text}\nHUMAN: Please call ${phone} (${text}).`,
  },
});
