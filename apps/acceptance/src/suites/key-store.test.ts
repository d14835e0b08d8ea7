/** A key store that keytool wrote: a key of an elliptic curve and its certificate, under the password that kazoo uses. */

import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { pem, readKeyStore } from './key-store.ts';

const STORE = [
  '/u3+7QAAAAIAAAABAAAAAQABYQAAAaIbs0jwAAAAfzB9MA4GCisGAQQBKgIRAQEFAARrgDj1ukZu8kz1B5x1IAzQxBu4+Y7UNVC6',
  'IOl5+Wh5RcwbPBzpcyppR8yzNO/78mvvEGATCjI1RZb3rIiF1SD0r0ZdSSl8/u97P/YjEzyuEzNdlkpD+mm3TYujH1cc59b1/7wN',
  'TMKJ/geSDVMAAAABAAVYLjUwOQAAAT4wggE6MIHioAMCAQICCQCIqGUvnK4rTDAKBggqhkjOPQQDAjARMQ8wDQYDVQQDEwZzZXJ2',
  'ZXIwIBcNMjYxMTI3MDYzMTAzWhgPMjEyNjExMDMwNjMxMDNaMBExDzANBgNVBAMTBnNlcnZlcjBZMBMGByqGSM49AgEGCCqGSM49',
  'AwEHA0IABH/Vw+sHDSv318OMlVJPPpWXdH0gjV44HsQQfQ4lxV7igtNan9/KVtOcFShTWOs6ZNt7OB8XddNXMEr+tELXZ0+jITAf',
  'MB0GA1UdDgQWBBSAXBDQOo2lQKgHvJfWE/GUbCORrzAKBggqhkjOPQQDAgNHADBEAiA0OQKsbM7nnIEKrMz4WjPQF/ErpIZLPjZk',
  'KNtYGPOs4AIgYm81fIZPL0RRx4rwMLf4ZSzL5uPwqRNxNpvcHSeO1EKZt3bA4CpsgIB6pxWCHinMYVENpg==',
].join('');

const bytes = Buffer.from(STORE, 'base64');

test('the key and the certificate of a store belong together', () => {
  const store = readKeyStore(bytes, 'apassword');
  assert.equal(store?.keys.length, 1);
  const [{ key, chain } = { key: Buffer.alloc(0), chain: [] }] = store.keys;
  assert.deepEqual([chain.length, store.certificates.length], [1, 0]);
  const certificate = new X509Certificate(pem('CERTIFICATE', chain[0]!));
  assert.equal(certificate.subject, 'CN=server');
  assert.ok(certificate.checkPrivateKey(createPrivateKey(pem('PRIVATE KEY', key))));
});

test('a wrong password and a store that is cut off are refused', () => {
  assert.equal(readKeyStore(bytes, 'another'), null);
  assert.equal(readKeyStore(Buffer.from('nothing of the kind'), ''), null);
  for (let size = 0; size < bytes.length - 20; size += 7)
    assert.equal(readKeyStore(bytes.subarray(0, size), 'apassword'), null);
});
