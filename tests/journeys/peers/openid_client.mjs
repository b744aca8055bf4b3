// npm's openid-client as an application. Its one argument is a JSON object: modules, issuer, kind (Client or FAPI2Client),
// metadata, keys (private JSON Web Keys), cert and key (PEM files, for mutual TLS). Then each line of standard input is a
// command, {"do": …}, and each line of standard output what came of it.
import crypto from 'node:crypto';
import { readFileSync } from 'node:fs';
import readline from 'node:readline';

const wish = JSON.parse(process.argv[2]);
const { Issuer, custom, generators } = await import(`${wish.modules}/openid-client/lib/index.mjs`);

// Every name below .localhost is this machine (RFC 6761, section 6.3).
const lookup = (host, options, done) =>
  options.all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4);
const shown = wish.cert ? { cert: readFileSync(wish.cert), key: readFileSync(wish.key) } : {};
custom.setHttpOptionsDefaults({ timeout: 15000, lookup });

const issuer = await Issuer.discover(wish.issuer);
const client = new issuer[wish.kind ?? 'Client'](wish.metadata, wish.keys && { keys: wish.keys });
client[custom.http_options] = () => shown;
client[custom.clock_tolerance] = 5;
let checks = {};
let tokens;
let device;
let DPoP;

const doing = {
  metadata: () => issuer.metadata,
  async ask({ scope = 'openid profile email offline_access', push = false, bind = false, ...more }) {
    checks = { code_verifier: generators.codeVerifier(), state: generators.state(), nonce: generators.nonce() };
    DPoP = bind ? crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey : undefined;
    const request = {
      scope,
      state: checks.state,
      nonce: checks.nonce,
      code_challenge: generators.codeChallenge(checks.code_verifier),
      code_challenge_method: 'S256',
      ...more,
    };
    if (!push) return { url: client.authorizationUrl(request) };
    const { request_uri, expires_in } = await client.pushedAuthorizationRequest(request);
    return { url: client.authorizationUrl({ request_uri }), expires_in };
  },
  async callback({ url, max_age }) {
    const answer = client.callbackParams(url);
    tokens = await client.callback(wish.metadata.redirect_uris[0], answer, { ...checks, max_age, response_type: 'code' }, { DPoP });
    return { ...tokens, claims: tokens.claims() };
  },
  async refresh({ token }) {
    tokens = await client.refresh(token ?? tokens, { DPoP });
    return { ...tokens };
  },
  userinfo: ({ token, method, via }) => client.userinfo(token ?? tokens, { DPoP, method, via }),
  introspect: ({ token }) => client.introspect(token ?? tokens.access_token),
  async revoke({ token, hint }) {
    await client.revoke(token ?? tokens.refresh_token, hint);
    return {};
  },
  grant: (body) => client.grant(body),
  async device({ scope = 'openid' }) {
    device = await client.deviceAuthorization({ scope });
    return { user_code: device.user_code, verification_uri_complete: device.verification_uri_complete };
  },
  async poll() {
    tokens = await device.poll();
    return { ...tokens, claims: tokens.claims() };
  },
  logout: (more) => ({ url: client.endSessionUrl({ id_token_hint: tokens.id_token, ...more }) }),
};

for await (const line of readline.createInterface({ input: process.stdin })) {
  const { do: what, ...rest } = JSON.parse(line);
  let answer;
  try {
    answer = { ok: await doing[what](rest) };
  } catch (problem) {
    answer = { error: problem.error ?? problem.message, status: problem.response?.statusCode };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
