// Withdraws two tokens from a bank with an RFC 9578 client library that knows nothing of Bauta. What is Bauta's own is
// the header that pays: a JWS over the hash of the request body (docs/protocol/bank.md, WithdrawalOrder).
// Reads its task as JSON from standard input, writes what it got as JSON to standard output.

// Node.js 18 has the Web Cryptography API, but not under its global name, which the library uses.
globalThis.crypto ??= (await import('node:crypto')).webcrypto;
const {
    AuthenticatorInput, PRIVATE_TOKEN_ISSUER_DIRECTORY, TOKEN_TYPES, Token, TokenChallenge, getIssuerUrl, publicVerif,
    sendTokenRequest, util,
} = await import('@cloudflare/privacypass-ts');
const { BLIND_RSA } = TOKEN_TYPES;
const mode = publicVerif.BlindRSAMode.PSS;

const task = JSON.parse(await new Response(process.stdin).text());
const fromBase64Url = (text) => new Uint8Array(Buffer.from(text, 'base64url'));
const toBase64Url = (bytes) => Buffer.from(bytes).toString('base64url');
const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));

// The issuer directory names the keys and the URI.
const directory = await (await fetch(`https://${task.host}${PRIVATE_TOKEN_ISSUER_DIRECTORY}`)).json();
const listed = directory['token-keys'].find((key) => key['token-key'].replace(/=+$/, '') === task.tokenKey);
if (listed === undefined || listed['token-type'] !== BLIND_RSA.value)
    throw new Error('The directory does not list the key.');
const tokenKey = fromBase64Url(listed['token-key']);
const issuerUrl = await getIssuerUrl(task.host);
const challenge = new TokenChallenge(BLIND_RSA.value, task.issuer, new Uint8Array(0), [task.origin]);

// A JWS ES256 over the order, signed by the reserve's key.
const reserve = await crypto.subtle.importKey(
    'pkcs8', fromBase64Url(task.reserveKey), { name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign']);
const { crv, kty, x, y } = await crypto.subtle.exportKey('jwk', reserve);
const kid = toBase64Url(await sha256(Buffer.from(JSON.stringify({ crv, kty, x, y }))));
async function payment(body) {
    const order = { reserveKey: task.reserveSpki, bodyHash: toBase64Url(await sha256(body)) };
    const input = [{ alg: 'ES256', typ: 'bauta.withdrawal', kid }, order]
        .map((part) => toBase64Url(JSON.stringify(part))).join('.');
    const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, reserve, Buffer.from(input));
    return new Headers({ 'Bauta-Reserve': `${input}.${toBase64Url(signature)}` });
}

const origin = new publicVerif.Origin(mode, [task.origin]);
const verificationKey = await crypto.subtle.importKey(
    'spki', util.convertRSASSAPSSToEnc(tokenKey), BLIND_RSA.rsaParams, true, ['verify']);

// The library's own client from end to end; it makes the nonce itself.
async function withItsOwnNonce() {
    const client = new publicVerif.Client(mode);
    const body = (await client.createTokenRequest(challenge, tokenKey)).serialize();
    const answer = await sendTokenRequest(body, issuerUrl, await payment(body));
    return await client.finalize(client.deserializeTokenResponse(answer));
}

// The same steps from the library's parts, for its client takes no nonce: here it is the hash of a key of the
// customer's, which makes the token spendable.
async function withOurNonce(nonce) {
    const suite = BLIND_RSA.suite[mode]();
    const keyId = await sha256(tokenKey);
    const input = new AuthenticatorInput(
        BLIND_RSA, BLIND_RSA.value, nonce, await sha256(challenge.serialize()), keyId);
    const { blindedMsg, inv } = await suite.blind(verificationKey, input.serialize());
    const body = new publicVerif.TokenRequest(keyId[keyId.length - 1], blindedMsg, BLIND_RSA).serialize();
    const answer = publicVerif.TokenResponse.deserialize(
        await sendTokenRequest(body, issuerUrl, await payment(body)));
    return new Token(
        BLIND_RSA, input, await suite.finalize(verificationKey, input.serialize(), answer.blindSig, inv));
}

async function told(token) {
    return { token: toBase64Url(token.serialize()), verifies: await origin.verify(token, verificationKey) };
}

console.log(JSON.stringify({
    issuerUrl,
    itsOwnNonce: await told(await withItsOwnNonce()),
    ourNonce: await told(await withOurNonce(fromBase64Url(task.nonce))),
}));
