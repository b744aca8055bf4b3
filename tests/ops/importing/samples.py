"""Settings of other gateways as their manuals describe them."""

OAUTH2_PROXY = """
http_address = "127.0.0.1:4180"
reverse_proxy = true
trusted_proxy_ips = ["10.0.0.0/8"]
redirect_url = "https://wiki.example.org/oauth2/callback"
provider = "oidc"
provider_display_name = "House"
oidc_issuer_url = "https://id.example.org/realms/main"
client_id = "wiki"
client_secret = "an upstream secret ${HOME}"
cookie_secret = "0123456789abcdef0123456789abcdef"
cookie_expire = "8h"
email_domains = ["example.org"]
allowed_groups = ["staff", "Wiki Admins"]
upstreams = ["http://127.0.0.1:8080/", "http://127.0.0.1:9000/api/", "file:///var/www/static/#/static/"]
skip_auth_routes = ["GET=^/health$", "^/public/", "^/(a|b)[0-9]+"]
pass_authorization_header = true
session_store_type = "redis"
redis_connection_url = "redis://:hunter2@redis/"
"""

OAUTH2_PROXY_STRUCTURED = """
upstreamConfig:
  upstreams:
    - id: wiki
      path: /
      uri: https://wiki.internal:8443
      insecureSkipTLSVerify: true
      timeout: 45s
providers:
  - id: house
    provider: keycloak-oidc
    clientID: wiki
    clientSecret: an upstream secret
    keycloakConfig:
      roles: [editor]
    oidcConfig:
      issuerURL: https://id.example.org/realms/main
injectRequestHeaders:
  - name: X-User
    values: [{claim: user}]
"""

AUTHELIA = """
theme: auto
server:
  address: 'tcp://127.0.0.1:9091/'
log: {level: warn}
totp: {issuer: example.org, skew: 1}
session:
  secret: hunter2-hunter2-hunter2
  cookies:
    - domain: example.org
      authelia_url: https://auth.example.org
      inactivity: 5 minutes
      expiration: 1 hour
      remember_me: 1 month
definitions:
  network:
    office: ['192.0.2.0/24']
access_control:
  default_policy: deny
  rules:
    - domain: public.example.org
      policy: bypass
    - domain: wiki.example.org
      resources: ['^/(api|rest)/.*$']
      policy: bypass
      networks: [office]
    - domain: wiki.example.org
      subject: ['group:staff', 'user:ada']
      policy: two_factor
    - domain: wiki.example.org
      subject: 'group:guests'
      policy: two_factor
    - domain_regex: '^dev-[0-9]+\\.example\\.org$'
      policy: one_factor
    - domain: '*.example.org'
      policy: one_factor
authentication_backend:
  ldap:
    implementation: activedirectory
    address: ldaps://dc.example.org
    base_dn: dc=example,dc=org
    additional_users_dn: ou=people
    user: cn=reader,dc=example,dc=org
    password: hunter2
    users_filter: '(&({username_attribute}={input})(objectClass=user))'
    groups_filter: '(&(member:1.2.840.113556.1.4.1941:={dn})(objectClass=group))'
notifier:
  smtp:
    address: submission://mail.example.org:587
    username: gateway
    password: hunter2
    sender: Gateway <gateway@example.org>
storage:
  encryption_key: hunter2-hunter2-hunter2
  postgres: {address: 'tcp://db:5432', password: hunter2}
regulation: {max_retries: 3}
duo_api: {hostname: api.example.org, secret_key: hunter2}
identity_providers:
  oidc:
    hmac_secret: hunter2-hunter2-hunter2
    lifespans: {access_token: 30 minutes, refresh_token: 2 days, id_token: 10 minutes, authorize_code: 1 minute}
    authorization_policies:
      staff_only:
        default_policy: deny
        rules: [{policy: two_factor, subject: 'group:staff'}]
    clients:
      - client_id: forge
        client_name: The forge
        client_secret: $pbkdf2-sha512$310000$c8p78n7pUMln0jzvd4aK4Q$JNRBzwAo0ek5qKn50cFzzvE9RXV88h1wJn5KGiHrD0Y
        redirect_uris: ['https://forge.example.org/callback']
        scopes: [openid, profile, email, groups, offline_access]
        authorization_policy: staff_only
        consent_mode: implicit
        id_token_signed_response_alg: RS256
        userinfo_signed_response_alg: none
      - client_id: program
        public: true
        redirect_uris: ['http://127.0.0.1/callback']
        authorization_policy: one_factor
        require_pushed_authorization_requests: true
"""

AUTHELIA_USERS = """
users:
  ada:
    displayname: Ada Lovelace
    password: $argon2id$v=19$m=65536,t=3,p=4$BpLnfgDsc2WD8F2q$o/vzA4myCqZZ36bUGsDY//8mKUYNZZaR0t4MFFSs+iM
    email: ada@example.org
    groups: [staff, Wiki Admins]
  bob:
    disabled: true
    displayname: Bob
    password: $6$rounds=50000$hunter2$hunter2
    given_name: Robert
"""

INGRESS = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: wiki
  namespace: docs
  annotations:
    nginx.ingress.kubernetes.io/auth-url: "https://auth.example.org/oauth2/auth?allowed_groups=staff,wiki"
    nginx.ingress.kubernetes.io/auth-signin: "https://auth.example.org/oauth2/start?rd=$escaped_request_uri"
    nginx.ingress.kubernetes.io/auth-response-headers: X-Auth-Request-User,X-Auth-Request-Access-Token
    nginx.ingress.kubernetes.io/proxy-body-size: 8m
    nginx.ingress.kubernetes.io/proxy-read-timeout: "120"
    nginx.ingress.kubernetes.io/limit-rps: "20"
    nginx.ingress.kubernetes.io/odd: "1"
spec:
  tls: [{hosts: [wiki.example.org], secretName: wiki}]
  rules:
    - host: wiki.example.org
      http:
        paths:
          - {path: /, pathType: Prefix, backend: {service: {name: wiki, port: {name: http}}}}
          - {path: /legacy, pathType: ImplementationSpecific, backend: {service: {name: old, port: {number: 8080}}}}
---
apiVersion: v1
kind: Service
metadata: {name: wiki, namespace: docs}
spec: {ports: [{name: http, port: 8000}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: wiki-next
  namespace: docs
  annotations: {nginx.ingress.kubernetes.io/canary: "true", nginx.ingress.kubernetes.io/canary-weight: "10"}
spec:
  rules:
    - host: wiki.example.org
      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: wiki-next, port: {number: 80}}}}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  annotations: {nginx.ingress.kubernetes.io/permanent-redirect: "https://shop.example.com/"}
spec:
  rules:
    - host: shop.example.org
      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: shop, port: {number: 80}}}}]}
"""

GAFAELFAWR = """
config:
  baseUrl: https://data.example.org
  allowSubdomains: true
  afterLogoutUrl: https://data.example.org/bye
  tokenLifetime: 14d
  logLevel: WARNING
  proxies: [10.0.0.0/8]
  bootstrapToken: gt-AAAAAAAAAAAAAAAAAAAAAA.BBBBBBBBBBBBBBBBBBBBBA
  databaseUrl: postgresql://gafaelfawr:hunter2@db/gafaelfawr
  slackAlerts: true
  oidc:
    clientId: data
    clientSecret: an upstream secret
    issuer: https://id.example.org
    loginUrl: https://id.example.org/login
    tokenUrl: https://id.example.org/token
    redirectUrl: https://data.example.org/login
    scopes: [profile]
  ldap:
    url: ldaps://ldap.example.org
    userDn: cn=reader,dc=example,dc=org
    password: hunter2
    userBaseDn: ou=people,dc=example,dc=org
    groupBaseDn: ou=groups,dc=example,dc=org
    groupObjectClass: groupOfNames
  quota:
    default: {api: {search: 500}, notebook: {cpu: 2, memory: 4}}
    groups: {staff: {api: {search: 500}, tap: {qserv: {concurrent: 5}}}}
    bypass: [operators]
  knownScopes:
    "admin:token": Administer tokens
    "read:all": Read everything
    "user:token": Own tokens
  groupMapping:
    "admin:token": [operators]
    "read:all": [staff, {github: {organization: Org, team: data}}]
---
apiVersion: gafaelfawr.lsst.io/v1alpha1
kind: GafaelfawrIngress
metadata: {name: search, namespace: search}
config:
  scopes: {all: ["read:all"]}
  service: search
  loginRedirect: true
  delegate: {internal: {service: search, scopes: ["read:all"]}, minimumLifetime: 600}
template:
  metadata: {name: search}
  spec:
    rules:
      - host: data.example.org
        http: {paths: [{path: /search, pathType: Prefix, backend: {service: {name: search, port: {name: http}}}}]}
---
apiVersion: gafaelfawr.lsst.io/v1alpha1
kind: GafaelfawrIngress
metadata: {name: own, namespace: nb}
config: {scopes: {any: ["read:all", "exec:nb"]}, service: nb, userDomain: true}
template:
  spec:
    rules:
      - host: "*.nb.example.org"
        http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: nb, port: {number: 80}}}}]}
---
apiVersion: gafaelfawr.lsst.io/v1alpha1
kind: GafaelfawrServiceToken
metadata: {name: token, namespace: nb}
spec: {service: bot-nb, scopes: ["admin:token"]}
"""
