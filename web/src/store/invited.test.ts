// @vitest-environment happy-dom
import { expect, test } from 'vitest';
import { readInvitation } from './invited';

test('an invitation names its node, its token, and whether somebody waits', () => {
  expect(readInvitation('https://node.example/i#1.S2Vjcm-t_x.0b9c-1')).toMatchObject({ node: 'https://node.example', token: '0b9c-1', person: true });
  expect(readInvitation(' https://NODE.example:8080/i#1.S2Vjcmt ')).toMatchObject({ node: 'https://node.example:8080', token: null, person: true });
  expect(readInvitation('http://localhost:8080/i#1..0b9c')).toMatchObject({ token: '0b9c', person: false });
});

test('what is none is refused', () => {
  for (const text of ['', 'https://node.example/', 'https://node.example/i#2.x', 'https://node.example/i#1.', 'javascript:alert(1)', 'https://node.example/j#1.x.y', `https://node.example/i#1.x.${'t'.repeat(129)}`]) {
    expect(readInvitation(text)).toBeNull();
  }
});
