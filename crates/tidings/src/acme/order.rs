//! One order: from an account to a certificate.

use super::{HttpChallenges, Kept, Resolver, Wanted};
use crate::failure::Failure;
use instant_acme::{
    Account, AccountBuilder, AuthorizationHandle, AuthorizationStatus, ChallengeType, Identifier, NewAccount, NewOrder,
    Order, OrderStatus, RetryPolicy,
};
use std::sync::PoisonError;
use std::time::Duration;

/// How long the authority may take to check the names or to write the certificate.
const PATIENCE: RetryPolicy = RetryPolicy::new().timeout(Duration::from_secs(120));

/// Gets a certificate. Gives its chain and its key in PEM.
pub(super) async fn certificate(
    wanted: &Wanted,
    kept: &Kept,
    resolver: &Resolver,
    challenges: &HttpChallenges,
) -> Result<String, Failure> {
    let account = account(wanted, kept).await?;
    let names: Vec<_> = wanted.domains.iter().cloned().map(Identifier::Dns).collect();
    let mut order = match account.new_order(&NewOrder::new(&names)).await {
        Ok(order) => order,
        Err(error) if account_is_unknown(&error) => {
            kept.forget_account()?;
            return Err(Failure::Failed(
                "the authority does not know our account; the next attempt makes one".to_owned(),
            ));
        }
        Err(error) => return Err(refused(error)),
    };
    prove(&mut order, wanted, resolver, challenges).await?;
    let status = order.poll_ready(&PATIENCE).await.map_err(refused)?;
    if status != OrderStatus::Ready {
        let why = reasons(&mut order).await;
        return Err(Failure::Failed(format!("the authority did not accept the proof for the names: {why}")));
    }
    let key = order.finalize().await.map_err(refused)?;
    let chain = order.poll_certificate(&PATIENCE).await.map_err(refused)?;
    Ok(format!("{}\n{key}", chain.trim_end()))
}

/// RFC 8555, section 6.7.
fn account_is_unknown(error: &instant_acme::Error) -> bool {
    let instant_acme::Error::Api(problem) = error else { return false };
    problem.r#type.as_deref() == Some("urn:ietf:params:acme:error:accountDoesNotExist")
}

fn refused(error: instant_acme::Error) -> Failure {
    Failure::of("the authority", error)
}

fn builder(wanted: &Wanted) -> Result<AccountBuilder, Failure> {
    let built = match &wanted.ca_file {
        Some(path) => Account::builder_with_root(path),
        None => Account::builder(),
    };
    built.map_err(|error| Failure::of("preparing to reach the authority", error))
}

/// The account of the last time, or a new one.
async fn account(wanted: &Wanted, kept: &Kept) -> Result<Account, Failure> {
    if let Some(json) = kept.account()? {
        let credentials =
            serde_json::from_str(&json).map_err(|error| Failure::of("reading the ACME account", error))?;
        return builder(wanted)?.from_credentials(credentials).await.map_err(refused);
    }
    let contact: Vec<&str> = wanted.contact.iter().map(String::as_str).collect();
    let new = NewAccount { contact: &contact, terms_of_service_agreed: true, only_return_existing: false };
    let (account, credentials) =
        builder(wanted)?.create(&new, wanted.directory.clone(), None).await.map_err(refused)?;
    let json = serde_json::to_string(&credentials).map_err(|error| Failure::of("writing the ACME account", error))?;
    kept.keep_account(&json)?;
    Ok(account)
}

/// Answers the challenge of each name and says that it may be checked.
async fn prove(
    order: &mut Order,
    wanted: &Wanted,
    resolver: &Resolver,
    challenges: &HttpChallenges,
) -> Result<(), Failure> {
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let authorization = authorization.map_err(refused)?;
        match authorization.status {
            AuthorizationStatus::Valid => {}
            AuthorizationStatus::Pending => answer(authorization, wanted, resolver, challenges).await?,
            status => return Err(Failure::Failed(format!("the authority says that a name is {status:?}"))),
        }
    }
    Ok(())
}

async fn answer(
    authorization: AuthorizationHandle<'_>,
    wanted: &Wanted,
    resolver: &Resolver,
    challenges: &HttpChallenges,
) -> Result<(), Failure> {
    // Bound anew, so that its lifetime may shrink to this function's.
    let mut authorization = authorization;
    let kind = if wanted.by_http { ChallengeType::Http01 } else { ChallengeType::TlsAlpn01 };
    let Some(mut challenge) = authorization.challenge(kind) else {
        return Err(Failure::Failed("the authority does not offer the challenge that this node can answer".to_owned()));
    };
    let proof = challenge.key_authorization();
    if wanted.by_http {
        let mut challenges = challenges.lock().unwrap_or_else(PoisonError::into_inner);
        challenges.insert(challenge.token.clone(), proof.as_str().to_owned());
    } else {
        resolver.add_challenge(&challenge.identifier().to_string(), proof.digest().as_ref())?;
    }
    challenge.set_ready().await.map_err(refused)
}

/// What the authority found wrong with each name.
async fn reasons(order: &mut Order) -> String {
    let mut reasons = Vec::new();
    let mut authorizations = order.authorizations();
    while let Some(Ok(authorization)) = authorizations.next().await {
        let errors = authorization.challenges.iter().filter_map(|challenge| challenge.error.as_ref());
        reasons.extend(errors.map(ToString::to_string));
    }
    if reasons.is_empty() { "it gives no reason".to_owned() } else { reasons.join("; ") }
}
