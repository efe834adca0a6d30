import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configOf, cookieOf, CSRF, Thread, viewOf, wordsOf } from './fixture.test.ts';
import bypass from './golden/bypass.json' with { type: 'json' };
import verdicts from './golden/verdicts.json' with { type: 'json' };

/** What is sent, and what the step says of it. `session`: whose cookie; `TOKEN` stands for that session’s own. */
interface Golden {
  readonly name: string;
  readonly method?: string;
  readonly query?: string;
  readonly session?: string;
  readonly tls?: boolean;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly verdict: string;
}

const CORS = {
  origins: ['https://www.app.example'],
  methods: null,
  headers: [],
  expose: [],
  credentials: true,
  maxAgeMs: 0,
  privateNetwork: false,
};

for (const [file, list] of Object.entries({ verdicts, bypass })) {
  for (const golden of list as readonly Golden[]) {
    test(`${file}: ${golden.name}: ${golden.verdict}`, async () => {
      const thread = new Thread(configOf({ cors: CORS }));
      thread.desk.keep('a', viewOf('ada'));
      thread.desk.keep('p', viewOf('pat', { issuer: 'partner' }));
      const { method = 'GET', query = null, session, tls = true, headers = {} } = golden;
      const text = JSON.stringify({ ...headers, ...(session === undefined ? {} : { cookie: cookieOf(session) }) });
      const sent = JSON.parse(text.replaceAll('"TOKEN"', `"${CSRF}"`)) as Golden['headers'] & object;
      assert.equal(wordsOf(await thread.ask({ method, query, headers: sent, tls })), golden.verdict);
    });
  }
}
