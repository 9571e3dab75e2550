// One HTTP answer, read to its end, with failures that say what was asked and what came back.

import assert from 'node:assert/strict';

const SHOWN_CHARACTERS = 300;

export class Answer {
  constructor(question, status, headers, bytes) {
    this.question = question;
    this.status = status;
    this.headers = headers;
    this.bytes = bytes;
  }

  get text() {
    return new TextDecoder().decode(this.bytes);
  }

  get type() {
    return this.headers.get('content-type');
  }

  json() {
    try {
      return JSON.parse(this.text);
    } catch {
      assert.fail(`${this} is not JSON`);
    }
  }

  /** Fails unless the status is the one given; returns the answer, so that calls can be chained. */
  expect(status) {
    assert.equal(this.status, status, `wanted ${status} from ${this}`);
    return this;
  }

  /** Status, exact body and exact media type. */
  expectText(status, text, type) {
    this.expect(status);
    assert.equal(this.text, text, `body of ${this}`);
    assert.equal(this.type, type, `content-type of ${this}`);
    return this;
  }

  /** The status-only answers of wire section 2: the reason phrase as plain text. */
  expectPhrase(status) {
    const phrase = { 200: 'OK', 201: 'Created', 400: 'Bad Request', 403: 'Forbidden', 404: 'Not Found' }[status];
    return this.expectText(status, phrase, 'text/plain; charset=utf-8');
  }

  /** Wire section 2: 204 has neither body nor media type. */
  expectEmpty() {
    this.expect(204);
    assert.equal(this.bytes.length, 0, `body of ${this}`);
    assert.equal(this.type, null, `content-type of ${this}`);
    return this;
  }

  /** A JSON answer whose text is exactly `JSON.stringify(value)`: no blanks, and the keys in this order. */
  expectJson(status, value) {
    return this.expectText(status, JSON.stringify(value), 'application/json; charset=utf-8');
  }

  toString() {
    const body = this.text;
    const shown = body.length > SHOWN_CHARACTERS ? `${body.slice(0, SHOWN_CHARACTERS)}… (${body.length})` : body;
    return `${this.question} → ${this.status} [${this.type}] ${JSON.stringify(shown)}`;
  }
}
