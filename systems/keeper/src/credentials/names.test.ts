/** Names of certificates, by what Java 17 writes of the same bytes and takes for a name. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromHex } from '@concordat/wire';
import { isDistinguishedName } from './distinguished-name.ts';
import { distinguishedName, subjectOf } from './subject.ts';

/** DER, and what `new X500Principal(bytes).getName()` of OpenJDK 17 answered. */
const RECORDED: readonly (readonly [string, string])[] = [
  [
    '303c310b30090603550406130244453111300f060355040a0c0852656420476d6248310c300a060355040b0c036f7073310c300a06035504030c03626f62',
    'CN=bob,OU=ops,O=Red GmbH,C=DE',
  ],
  [
    '303f31133011060a0992268993f22c64011916036f726731133011060a0992268993f22c640119160372656431133011060a0992268993f22c6401010c03626f62',
    'UID=bob,DC=red,DC=org',
  ],
  [
    '3029311b300806035504030c0161300f060a0992268993f22c6401010c0162310a3008060355040a0c0178',
    'O=x,CN=a+UID=b',
  ],
  ['30163114301206035504030c0b202c3d2b3c3e233b225c20', 'CN=\\ \\,\\=\\+\\<\\>\\#\\;\\"\\\\\\ '],
  ['3010310e300c06035504030c0523610d620d', 'CN=\\#a\rb\\\r'],
  ['300e310c300a06035504030c03610062', 'CN=a\\00b'],
  ['30173115301306035504030c0c6772c3b6c39f6520f09f9880', 'CN=größe 😀'],
  [
    '302e310c300a06035504030c03626f62311e301c06092a864886f70d010901160f626f62407265642e6578616d706c65',
    '1.2.840.113549.1.9.1=#160f626f62407265642e6578616d706c65,CN=bob',
  ],
  ['301b310d300b0603550405130431323334310a300806035504030c0161', 'CN=a,2.5.4.5=#130431323334'],
  ['300f310d300b06035504031e0400610062', 'CN=\\00a\\00b'],
  ['300e310c300a06035504031403543631', 'CN=T61'],
  ['300f310d300b06035504031c0400000061', 'CN=#1c0400000061'],
  ['300c310a30080603550403020105', 'CN=#020105'],
  ['300b3109300706035504030c00', 'CN='],
  ['300e310c300a06035504030c03202020', 'CN=\\ \\ \\ '],
  [
    '3081d4310f300d06035504090c0631204d61696e310d300b06035504070c04546f776e310e300c06035504080c0553746174653181a130819e06035504030c8196787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878',
    'CN=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx,ST=State,L=Town,STREET=1 Main',
  ],
];

test("a name is written as Java's getName writes it", () => {
  for (const [der, name] of RECORDED)
    assert.equal(distinguishedName(fromHex(der) ?? new Uint8Array(0)), name);
});

test('what is not DER, or no text, or nobody, has no name', () => {
  const [der] = RECORDED[0] ?? [''];
  const bytes = fromHex(der) ?? new Uint8Array(0);
  for (let end = 0; end < bytes.length; end++) assert.equal(distinguishedName(bytes.subarray(0, end)), null);
  for (const bad of [
    '3000',
    '30023100',
    '300a310830060603550403',
    '3080',
    '308102',
    '30820001',
    'ff',
    '3084ffffffff',
  ])
    assert.equal(distinguishedName(fromHex(bad) ?? bytes), null, bad);
  assert.equal(distinguishedName(fromHex('300e310c300a06035504030c03ff6161') ?? bytes), null, 'no UTF-8');
  assert.equal(distinguishedName(fromHex('300d310b3009060380050c020c0161') ?? bytes), null, 'no OID');
  assert.equal(subjectOf(bytes), null, 'a name is no certificate');
});

/** Of the same strings OpenJDK 17's `new X500Principal(text)` said the same. */
const VALID = [
  ...[
    '',
    'CN=bob',
    'cn=bob, O = Red ,OU=x',
    'CN=a+UID=b',
    'CN=',
    'CN=a\\,b',
    'CN=a\\2cb',
    'CN="a,b"',
    'CN=a;O=b',
    '1.2.3=x',
  ],
  ...[
    'OID.1.2.3=x',
    '1.2.840.113549.1.9.1=#160161',
    'EMAILADDRESS=a@b',
    'CN=a=b',
    'CN=\\ a\\ ',
    'CN=gr\u00fc\u00df',
  ],
];
const INVALID = [
  ...[
    'bob',
    'CN',
    '=x',
    'FOO=x',
    'CN=a,',
    ',CN=a',
    'CN=a,,O=b',
    'CN=a+',
    'CN="a',
    'CN=a"b',
    'CN=a\\',
    'CN=a\\x',
    'CN=a<b',
  ],
  ...['CN=#0', 'CN=#xy', '1=x', '3.4.5=x'],
];

test('a list takes what Java takes for a name', () => {
  for (const text of VALID) assert.ok(isDistinguishedName(text), text);
  for (const text of INVALID) assert.ok(!isDistinguishedName(text), text);
});
