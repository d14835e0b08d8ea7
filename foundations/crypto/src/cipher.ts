/**
 * A stream cipher for content that is handed over before its key is: with a key that is used once, chunk by chunk, so that any chunk
 * can be opened, or shown to others, alone. It hides; it does not authenticate. Whoever must be held to a content signs a digest of
 * the key and a digest of the ciphertext: nobody can find a second key or a second ciphertext with these digests, and a key and
 * a ciphertext have one plaintext. (A cipher that authenticates would not do instead: with most of them one ciphertext can be
 * made that opens under two keys.)
 */

export const CIPHER_KEY_BYTES = 16;

export interface StreamCipher {
  /** `bytes` of chunk `index`, locked or unlocked; of the same size. A key must never lock two contents. */
  apply(key: Uint8Array, index: number, bytes: Uint8Array): Uint8Array;
}
