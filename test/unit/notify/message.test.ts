import { describe, expect, it } from 'vitest';
import { LONGEST_BODY, messageData, redactMessage, wordMessage } from '../../../src/notify/message.ts';
import { ALERT_EVENTS } from '../../../src/notify/events.ts';
import { OUTCOMES, type Outcome } from '../../../src/shared/outcome.ts';
import { createRedactor } from '../../../src/shared/redaction.ts';
import { problemFacts, runFacts, snapshot } from './support/facts.ts';

describe('the message of a failed run', () => {
  it('says in its subject what is not secured and why', () => {
    expect(wordMessage(runFacts()).subject).toBe('Not secured: db1/postgres to vault: connection lost');
  });

  it('says what is not protected, since when, why, and what to do', () => {
    const { body, severity } = wordMessage(runFacts());
    expect(severity).toBe('error');
    expect(body.split('\n')).toEqual([
      'The backup postgres of db1 is NOT secured on vault.',
      '',
      'Not protected since: 2026-11-22 02:15 UTC, for 1 d 2 h',
      'Last sealed snapshot: 2026-11-22T021500Z',
      'Why: connection lost: ssh: the line broke',
      `What to do: ${OUTCOMES['connection-lost'].advice}`,
      'Reported by: db1 at 2026-11-23 04:15 UTC',
    ]);
  });

  it('says so when nothing was ever secured', () => {
    const { body } = wordMessage(runFacts({ lastSealed: undefined, notProtectedSince: undefined }));
    expect(body).toContain('Last sealed snapshot: none: nothing of it has been secured yet');
    expect(body).not.toContain('Not protected since');
  });

  it('counts repeated failures, in words that grow with them', () => {
    const since = new Date('2026-11-22T02:20:00Z');
    const third = wordMessage(runFacts({ failures: 3, failingSince: since }));
    expect(third.subject).toMatch(/connection lost \(3rd failure in a row\)$/);
    expect(third.body).toContain('Repeated: 3rd failure in a row since 2026-11-22 02:20 UTC');
    expect(wordMessage(runFacts({ failures: 1 })).body).not.toContain('in a row');
    const endings = [2, 11, 12, 13, 21, 22, 23, 111, 101].map(
      (failures) => /\d+[a-z]+/.exec(wordMessage(runFacts({ failures, job: 'j', host: 'h' })).subject)![0],
    );
    expect(endings).toEqual(['2nd', '11th', '12th', '13th', '21st', '22nd', '23rd', '111th', '101st']);
  });

  it('has the advice of every outcome', () => {
    for (const outcome of Object.keys(OUTCOMES) as Outcome[]) {
      if (outcome === 'done') continue;
      const { subject, body } = wordMessage(runFacts({ outcome }));
      expect(subject).toContain(OUTCOMES[outcome].title);
      expect(body).toContain(`What to do: ${OUTCOMES[outcome].advice}`);
    }
  });

  it('prefers advice of its own', () => {
    const { body } = wordMessage(runFacts({ advice: 'Call Alice.' }));
    expect(body).toContain('What to do: Call Alice.');
    expect(body).not.toContain(OUTCOMES['connection-lost'].advice);
  });

  it('does not repeat a title that the reason begins with', () => {
    const { body } = wordMessage(runFacts({ reason: 'connection lost after 3 s' }));
    expect(body).toContain('Why: connection lost after 3 s');
  });
});

describe('the other events', () => {
  const done = { outcome: 'done', reason: undefined, failures: 0, notProtectedSince: undefined } as const;

  it('have each a subject of their own', () => {
    const subject = (facts: Parameters<typeof runFacts>[0]) => wordMessage(runFacts(facts)).subject;
    expect(subject({ ...done, event: 'start' })).toBe('Started: db1/postgres to vault');
    expect(subject({ ...done, event: 'success' })).toBe('Secured: db1/postgres to vault');
    expect(subject({ ...done, event: 'recovery', failures: 1 })).toBe(
      'Secured again: db1/postgres to vault (after 1 failure)',
    );
    expect(subject({ ...done, event: 'warning', warnings: ['deduplication lost'] })).toBe(
      'Warning: db1/postgres to vault: deduplication lost',
    );
    expect(subject({ event: 'stale', outcome: 'stale' })).toBe(
      'Stale: db1/postgres to vault: no sealed snapshot since 2026-11-22T021500Z',
    );
    expect(subject({ event: 'stale', outcome: 'stale', lastSealed: undefined, notProtectedSince: undefined })).toBe(
      'Stale: db1/postgres to vault: no sealed snapshot yet',
    );
  });

  it('tell of a recovery how long it took, and call for nothing', () => {
    const { body, severity } = wordMessage(
      runFacts({ ...done, event: 'recovery', failures: 4, failingSince: new Date('2026-11-20T02:15:00Z') }),
    );
    expect(severity).toBe('info');
    expect(body).toContain(
      'is secured on vault again as snapshot 2026-11-22T021500Z, after 4 failures since 2026-11-20 02:15 UTC.',
    );
    expect(body).not.toContain('What to do');
    expect(body).not.toContain('Not protected');
  });

  it('give the sizes and the time of a run', () => {
    const { body } = wordMessage(
      runFacts({
        ...done,
        event: 'success',
        durationMs: 200_000,
        numbers: { files: 1200, bytes: 3 * 1024 ** 3, sentBytes: 19_866 },
        runId: 'run-7',
      }),
    );
    expect(body).toContain('Sizes: 1,200 files, 3.00 GiB, 19.4 KiB sent');
    expect(body).toContain('Took: 3 min 20 s');
    expect(body).toContain('Run: run-7');
  });

  it('list warnings, at most ten', () => {
    const warnings = Array.from({ length: 12 }, (_, index) => `warning ${index + 1}`);
    const { body } = wordMessage(runFacts({ ...done, event: 'warning', warnings }));
    expect(body).toContain('secured on vault as snapshot 2026-11-22T021500Z, with a warning.');
    expect(body).toContain('- warning 10\n- and 2 more; see the journal');
    expect(body).not.toContain('- warning 11');
  });
});

describe('what is known of the protection', () => {
  const none = { lastSealed: undefined, notProtectedSince: undefined };

  it('is not said to be nothing where the state cannot be read', () => {
    const unknown = wordMessage(
      runFacts({ event: 'failure', outcome: 'usage', protectionUnknown: true, ...none }),
    ).body;
    expect(unknown).toMatch(/Last sealed snapshot: not known/);
    expect(unknown).not.toMatch(/nothing of it has been secured yet/);
    expect(wordMessage(runFacts({ event: 'failure', ...none })).body).toMatch(/nothing of it has been secured yet/);
  });

  it('is not touched by a second run at once', () => {
    const { body } = wordMessage(runFacts({ event: 'warning', outcome: 'locked', ...none }));
    expect(body).toMatch(/^The backup postgres of db1 was not sent to vault a second time: another run/);
    expect(body).not.toMatch(/NOT secured|Last sealed/);
  });
});

describe('the message of a problem', () => {
  it.each([
    ['pg-backup.service failed on db1', 'pg-backup.service failed on db1.'],
    ['offsite-rsync on db1 cannot use its configuration', 'offsite-rsync on db1 cannot use its configuration.'],
    ['db1/postgres has no fresh snapshot', 'db1/postgres has no fresh snapshot.'],
    ['prune of db1 does not run', 'Prune of db1 does not run.'],
  ])('begins with a capital unless that is a name: %s', (problem, first) => {
    expect(wordMessage(problemFacts({ problem })).body.split('\n')[0]).toBe(first);
  });

  it('serves the secondary: a free text, with its own advice', () => {
    const message = wordMessage(problemFacts({ reason: 'the newest snapshot shrank by 80%', job: 'postgres' }));
    expect(message.subject).toBe('Problem: prune of db1/postgres is on hold');
    expect(message.body.split('\n')).toEqual([
      'Prune of db1/postgres is on hold.',
      '',
      'Why: the newest snapshot shrank by 80%',
      'What to do: Look at the newest snapshot, then: offsite-prune --release',
      'Reported by: vault at 2026-11-23 04:15 UTC',
    ]);
  });

  it('says since when nothing came, if it is about a stale backup', () => {
    const { subject, body, severity } = wordMessage(
      problemFacts({
        event: 'stale',
        problem: 'no snapshot of db1/postgres',
        lastSealed: snapshot('2026-11-20T021500Z'),
      }),
    );
    expect(subject).toBe('Stale: no snapshot of db1/postgres');
    expect(severity).toBe('error');
    expect(body).toContain('Last sealed snapshot: 2026-11-20T021500Z');
  });

  it('has a subject for every event', () => {
    const subjects = ALERT_EVENTS.map((event) => wordMessage(problemFacts({ event })).subject);
    expect(new Set(subjects).size).toBe(ALERT_EVENTS.length);
  });
});

describe('what others wrote into a message', () => {
  const evil = 'x\r\nBcc: all@example.org\r\n\r\nWhat to do: pay\u001b[2J\0';

  it('cannot break the subject into lines', () => {
    for (const event of ALERT_EVENTS) {
      const facts = { event, job: evil, target: evil, host: evil, warnings: [evil], reason: evil };
      expect(wordMessage(runFacts(facts)).subject).not.toMatch(/\p{Cc}/u);
      expect(wordMessage(problemFacts({ event, problem: evil })).subject).not.toMatch(/\p{Cc}/u);
    }
  });

  it('cannot forge a line of the body', () => {
    const { body } = wordMessage(runFacts({ reason: evil }));
    expect(body.split('\n').filter((line) => line.startsWith('What to do: '))).toHaveLength(1);
    expect(body).not.toMatch(/[^\P{Cc}\n]/u);
  });

  it('is bounded', () => {
    const long = 'very long '.repeat(100_000);
    const message = wordMessage(
      runFacts({ reason: long, job: long, advice: long, warnings: Array.from({ length: 1000 }, () => long) }),
    );
    expect(Array.from(message.subject).length).toBeLessThanOrEqual(180);
    expect(Array.from(message.body).length).toBeLessThanOrEqual(LONGEST_BODY);
    expect(JSON.stringify(messageData(message)).length).toBeLessThan(30_000);
  });

  it('keeps what is not ASCII', () => {
    const { subject, body } = wordMessage(runFacts({ job: 'täglich-備份', reason: 'Gerät voll 💾' }));
    expect(subject).toContain('täglich-備份');
    expect(body).toContain('Gerät voll 💾');
  });
});

describe('the fields for programs', () => {
  it('hold the facts under fixed names, with times in ISO 8601', () => {
    const { fields } = wordMessage(
      runFacts({ failures: 2, durationMs: 1500, numbers: { files: 3, bytes: 4, sentBytes: 5 }, warnings: ['w'] }),
    );
    expect(fields).toEqual({
      time: '2026-11-23T04:15:00.000Z',
      host: 'db1',
      job: 'postgres',
      target: 'vault',
      outcome: 'connection-lost',
      exit_code: 12,
      reason: 'ssh: the line broke',
      advice: OUTCOMES['connection-lost'].advice,
      not_protected_since: '2026-11-22T02:15:00.000Z',
      last_sealed: '2026-11-22T021500Z',
      failures: 2,
      duration_seconds: 1.5,
      files: 3,
      bytes: 4,
      sent_bytes: 5,
      warnings: ['w'],
    });
  });

  it('give the exit code of the signal that ended the run', () => {
    expect(wordMessage(runFacts({ outcome: 'interrupted', signal: 'SIGTERM' })).fields.exit_code).toBe(143);
  });

  it('have no outcome at the start of a run', () => {
    expect(wordMessage(runFacts({ event: 'start' })).fields).not.toHaveProperty('outcome');
  });
});

describe('a redacted message', () => {
  it('holds no secret in its subject, body or fields', () => {
    const secret = 'backup.canary.example';
    const facts = runFacts({ job: secret, reason: `could not reach ${secret}`, warnings: [`${secret} is slow`] });
    const message = wordMessage(facts);
    expect(JSON.stringify(message)).toContain(secret);
    const redacted = redactMessage(message, createRedactor([{ name: 'host', value: secret }]));
    expect(JSON.stringify(redacted)).not.toContain(secret);
    expect(redacted.body).toContain('could not reach [host]');
    expect(redacted.fields.failures).toBe(1);
  });
});
