import { doesNotMatch, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { openNamespace } from '../../src/open/index.ts'

/** The error of a URL that is none. */
async function refusal(url: string): Promise<Error> {
  return openNamespace(url).then(
    () => new Error('it was opened'),
    (error: Error) => error,
  )
}

// Found by the fuzzer: a password with a slash, or a slash too few, was shown in the message.
test('openNamespace shows no password of a nats: URL that is none, wherever the mistake is', async () => {
  for (const url of [
    'nats://user:sek/rit@host/name',
    'nats:/user:sekrit@host/name',
    'nats://user:sekrit@host',
    'nats://user:sek@rit@host/name',
    'nats://user:sekrit@host/na me',
    'nats:user:sek?rit@host/name',
  ]) {
    const { name, message } = await refusal(url)
    equal(name, 'TypeError', url)
    doesNotMatch(message, /sek|rit(?!e)/, url)
  }
})

// Found by the fuzzer: it was an URIError, which nobody expects.
test('openNamespace of a nats: URL whose password has a bare % is a TypeError that says what to write', async () => {
  const { name, message } = await refusal('nats://user:100%@host/name')
  equal(name, 'TypeError')
  equal(message, 'nats://host/name: in a user or password, % is written %25')
})
