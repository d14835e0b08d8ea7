export * from './catalogue.ts';
export * from './inequalities.ts';
export * from './membership/index.ts';
export * from './meter.ts';
export { createProof, type Proof, type ProofContext, type Rule, type Verdict, verifyProof } from './proof.ts';
export { decodeProof, encodeProof, MAX_BODY_BYTES, MAX_PROOF_BYTES } from './proof-codec.ts';
export { isSignedBy, type SignedStatement, signStatement, statementBytes } from './statement.ts';
export { addStrike, createStrikes, forgetPeer, reasonsOf, type Strikes, scoreOf } from './strikes.ts';
