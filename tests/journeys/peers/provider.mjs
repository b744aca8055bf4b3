// An identity provider made with npm's oidc-provider, over TLS on this machine. Its one argument is a JSON object:
// modules, port, cert, key, jwk, clients, people (by account: their claims), nonce (32 letters; empty wants none),
// trusts (null, or whose tokens it gives its own for: issuer, host, port, ca).
// Whoever types the name of an account is signed in as that; the account "app" has to have a second factor.
import { readFileSync } from 'node:fs';
import https from 'node:https';

const wish = JSON.parse(process.argv[2]);
const { default: Provider } = await import(`${wish.modules}/oidc-provider/lib/index.js`);

const provider = new Provider(wish.issuer, {
  clients: wish.clients,
  jwks: { keys: wish.keys },
  cookies: { keys: ['a key of this test'] },
  claims: {
    openid: ['sub'],
    profile: ['name', 'preferred_username', 'groups'],
    email: ['email', 'email_verified'],
    acr: null, amr: null, auth_time: null, sid: null, iss: null,
  },
  scopes: ['openid', 'profile', 'email', 'offline_access', ...(wish.trusts ? ['read', 'write'] : [])],
  features: {
    devInteractions: { enabled: false },
    pushedAuthorizationRequests: { enabled: true },
    dPoP: { enabled: true, ...(wish.nonce ? { nonceSecret: Buffer.from(wish.nonce), requireNonce: () => true } : {}) },
    introspection: { enabled: true },
    revocation: { enabled: true },
    ...(wish.trusts ? {
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (ctx, resource) => ({
          scope: 'read write', audience: resource, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } },
        }),
      },
    } : {}),
  },
  issueRefreshToken: async (ctx, client, code) => client.grantTypeAllowed('refresh_token'),
  rotateRefreshToken: true,
  enabledJWA: { idTokenSigningAlgValues: ['ES256', 'RS256', 'EdDSA'] },
  pkce: { required: () => true, methods: ['S256'] },
  findAccount: (ctx, id) => (wish.people[id] ? { accountId: id, claims: async () => ({ sub: id, ...wish.people[id] }) } : undefined),
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  async loadExistingGrant(ctx) {
    const known = ctx.oidc.session.grantIdFor(ctx.oidc.client.clientId);
    if (known) return ctx.oidc.provider.Grant.find(known);
    const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope('openid profile email offline_access');
    await grant.save();
    return grant;
  },
});
provider.on('server_error', (ctx, error) => console.error('server_error', error.stack));
for (const each of ['pushed_authorization_request.error', 'authorization.error', 'grant.error', 'introspection.error', 'revocation.error', 'userinfo.error']) {
  provider.on(each, (ctx, error) => console.error(each, error.error, error.error_description, error.error_detail ?? ''));
}

if (wish.trusts) {
  // Its own tokens for tokens of somebody else, as RFC 7523 and RFC 8693 have it.
  const { createLocalJWKSet, jwtVerify } = await import(`${wish.modules}/jose/dist/node/esm/index.js`);
  const { default: checkResource } = await import(`${wish.modules}/oidc-provider/lib/shared/check_resource.js`);
  const { InvalidGrant, InvalidRequest, InvalidTarget } = (await import(`${wish.modules}/oidc-provider/lib/index.js`)).errors;
  const { issuer, host, port, ca } = wish.trusts;
  const TYPES = 'urn:ietf:params:oauth:token-type:';
  const shown = new Set();
  const keys = () => new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, servername: host, headers: { Host: host }, path: '/oidc/jwks', ca: readFileSync(ca) };
    https.get(options, async (answer) => {
      let text = '';
      for await (const piece of answer) text += piece;
      resolve(createLocalJWKSet(JSON.parse(text)));
    }).on('error', reject);
  });
  const give = async (ctx, next, token) => {
    const { client, params } = ctx.oidc;
    let claims;
    try {
      const wanted = { issuer, audience: wish.issuer, algorithms: ['EdDSA'], typ: 'JWT', maxTokenAge: '60s', requiredClaims: ['sub', 'exp', 'jti'] };
      ({ payload: claims } = await jwtVerify(token, await keys(), wanted));
    } catch (error) {
      console.error('not believed', error.message);
      throw new InvalidGrant('the token is not believed');
    }
    if (shown.has(claims.jti)) throw new InvalidGrant('the token was there before');
    shown.add(claims.jti);
    console.log('vouched', claims.sub, claims.groups.join(), params.audience ?? '-', params.resource ?? '-', params.scope ?? '-');
    if (params.audience === 'nobody') throw new InvalidTarget('there is no such audience');
    await checkResource(ctx, () => {});
    const grant = new provider.Grant({ clientId: client.clientId, accountId: claims.sub });
    if (params.scope) grant.addOIDCScope(params.scope);
    const access = new provider.AccessToken({
      accountId: claims.sub, client, grantId: await grant.save(), gty: 'trade', scope: params.scope,
    });
    const [server] = Object.values(ctx.oidc.resourceServers);
    if (server) access.resourceServer = server;
    ctx.oidc.entity('AccessToken', access);
    const value = await access.save();
    const isOdd = params.audience === 'not-for-bearers';
    ctx.body = { access_token: value, token_type: isOdd ? 'N_A' : access.tokenType, expires_in: access.expiration };
    if (params.subject_token) ctx.body.issued_token_type = `${TYPES}access_token`;
    await next();
  };
  provider.registerGrantType('urn:ietf:params:oauth:grant-type:jwt-bearer', (ctx, next) => give(ctx, next, ctx.oidc.params.assertion), ['assertion', 'scope', 'resource'], ['resource']);
  provider.registerGrantType('urn:ietf:params:oauth:grant-type:token-exchange', async (ctx, next) => {
    const { params } = ctx.oidc;
    if (params.subject_token_type !== `${TYPES}jwt` || params.requested_token_type !== `${TYPES}access_token`) {
      throw new InvalidRequest('not these types');
    }
    await give(ctx, next, params.subject_token);
  }, ['subject_token', 'subject_token_type', 'requested_token_type', 'audience', 'scope', 'resource'], ['resource', 'audience']);
}
const handle = provider.callback();

const read = async (request) => {
  let text = '';
  for await (const piece of request) text += piece;
  return new URLSearchParams(text);
};

https.createServer({ cert: readFileSync(wish.cert), key: readFileSync(wish.cert) }, async (request, response) => {
  try {
    const path = request.url.split('?')[0];
    console.log(request.method, path);
    if (path === '/control/forget') {
      // Somebody is removed there.
      delete wish.people[(await read(request)).get('account')];
      response.end('ok');
    } else if (path === '/control/say') {
      const form = await read(request);
      Object.assign(wish.people[form.get('account')], JSON.parse(form.get('claims')));
      response.end('ok');
    } else if (path.startsWith('/interaction/')) {
      const details = await provider.interactionDetails(request, response);
      if (details.prompt.name === 'consent') {
        const grant = new provider.Grant({ clientId: details.params.client_id, accountId: details.session.accountId });
        grant.addOIDCScope(details.params.scope);
        const result = { consent: { grantId: await grant.save() } };
        await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
      } else if (request.method === 'POST') {
        const account = (await read(request)).get('account');
        const amr = account === 'app' ? ['pwd', 'otp', 'mfa'] : ['pwd'];
        const result = account ? { login: { accountId: account, amr } } : { error: 'access_denied', error_description: 'called off' };
        await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
      } else {
        response.setHeader('Content-Type', 'text/html; charset=utf-8');
        response.end(`<!doctype html><html lang="en"><title>Sign in at the provider</title><h1>The provider</h1>
<form class="fields" method="post" action="${path}"><label for="account">Account</label> <input id="account" name="account">
<button>Sign in there</button></form></html>`);
      }
    } else {
      await handle(request, response);
    }
  } catch (error) {
    console.error(error.stack);
    response.statusCode = 500;
    response.end('broken');
  }
}).listen(wish.port, '127.0.0.1', () => console.log('listening'));
