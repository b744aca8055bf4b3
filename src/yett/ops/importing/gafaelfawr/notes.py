"""What is said of those settings of Gafaelfawr that become none of ours."""

from yett.ops.importing.source import Note, Notes

UNKNOWN = "no setting of Gafaelfawr that is known here"


_STORE = "everything is kept in the gateway's own store; tokens and their history are made anew"


NOTES: Notes = {
    "allowSubdomains": Note("tokens.cookie_domain says so"),
    "baseInternalUrl": Note("the addresses are /ingress/auth and /auth/api/v1 of the sign-in host"),
    "databaseUrl": Note(_STORE, "tell people that they need new tokens"),
    "databasePassword": Note(_STORE),
    "internalDatabase": Note(_STORE),
    "redisEphemeralUrl": Note(_STORE),
    "redisPersistentUrl": Note(_STORE),
    "redisPassword": Note(_STORE),
    "updateSchema": Note(_STORE),
    "sessionSecret": Note("keys are derived from the cluster key"),
    "errorFooter": Note("pages look as ours do", "see signin messages"),
    "metrics": Note("metrics are switched on in [metrics]", "set it there", (False,)),
    "sentry": Note("failures stand in the log", "", (False,)),
    "slackAlerts": Note("operators are told by mail or webhook", "set [notify]", (False,)),
    "slackWebhook": Note("operators are told by mail or webhook", "set [notify]"),
    "firestore": Note("numbers of people come from LDAP", "set identity.ldap so that they do"),
    "github": Note("only providers of OpenID Connect are spoken to", "choose one, or passwords"),
    "oidc.loginUrl": Note("the provider's own document (discovery) says so"),
    "oidc.tokenUrl": Note("the provider's own document (discovery) says so"),
    "oidc.redirectUrl": Note(
        "the address is /signin/with/… of the sign-in host", "register it at the provider"
    ),
    "oidc.loginParams": Note("no parameters of its own are sent", "see whether the provider needs them"),
    "oidc.enrollmentUrl": Note("people who are not known are told so", "see [signin.onboarding]"),
    "oidc.audience": Note("the audience is always the client's id", "see whether the provider says so"),
    "cilogon.loginParams": Note("no parameters of its own are sent", "see whether the provider needs them"),
    "cilogon.enrollmentUrl": Note("people who are not known are told so", "see [signin.onboarding]"),
    "cilogon.redirectUrl": Note(
        "the address is /signin/with/… of the sign-in host", "register it at the provider"
    ),
    "cilogon.test": Note("name the test issuer", "change the provider's issuer", (False,)),
    "ldap.kerberosConfig": Note("LDAP is asked with a name and a password", "give it an account"),
    "ldap.userSearchAttr": Note("is the name that people have"),
    "ldap.systemGroups": Note("only groups of the directory are known"),
    "ldap.addUserGroup": Note(
        "groups are those of the directory", "see what needs a group for each person", (False,)
    ),
    "ldap.uidAttr": Note(
        "numbers of people are taken from LDAP as [identity.ldap] says", "see it", ("uidNumber",)
    ),
    "ldap.gidAttr": Note(
        "numbers of people are taken from LDAP as [identity.ldap] says", "see it", ("gidNumber",)
    ),
    "oidcServer.issuer": Note("the issuer is the sign-in host", "change it at the applications"),
    "oidcServer.key": Note("signing keys are made and rotated here"),
    "oidcServer.keyId": Note("signing keys are made and rotated here"),
    "oidcServer.dataRightsMapping": Note(
        "the claim data_rights is not made", "let the application look at groups"
    ),
    "oidcServer.clientSuffix": Note("applications are named in the settings"),
    "oidcServer.clients": Note("their secrets are not in these settings", "write each as [[oidc.client]]"),
    "oidcServer.enabled": Note(
        "there are clients when some are configured", "write each as [[oidc.client]]", (False,)
    ),
    "operator": Note("there is no operator for Kubernetes", "import the GafaelfawrIngress objects"),
    "maintenance": Note("expired tokens are removed by themselves"),
    "cloudsql": Note(_STORE),
    "ingress": Note("is the chart's"),
    "resources": Note("is the chart's"),
    "replicaCount": Note("is the chart's"),
    "image": Note("is the chart's"),
    "nodeSelector": Note("is the chart's"),
    "tolerations": Note("is the chart's"),
    "affinity": Note("is the chart's"),
    "podAnnotations": Note("is the chart's"),
    "redis": Note(_STORE),
    "redis-ephemeral": Note(_STORE),
    "global": Note("is the chart's"),
}
