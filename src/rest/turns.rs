//! The wait of one request for its turn: bounded by the time that its message may be held, and cut short by a stop.

use elasticio_runtime::{
    stop::Stop,
    telemetry::{WaitReason, waiting},
};

use super::{
    ClientSettings, Profile, Request,
    access_token::TokenError,
    cooldown::{Cooldown, NoTurn, Turn},
    events::Waits,
    retry,
};

/// A request that waits.
#[derive(Clone, Copy)]
pub(super) struct Waiting<'a> {
    pub(super) profile: &'static Profile,
    pub(super) cooldown: &'a Cooldown,
    pub(super) settings: &'a ClientSettings,
    pub(super) request: &'a Request,
    pub(super) stop: &'a Stop,
    /// Whether it has said already that it waits.
    pub(super) told: bool,
}

impl<'a> Waiting<'a> {
    /// Waits until the credential's cooldown is over; fails if it is too long to hold the message.
    pub(super) async fn for_cooldown(mut self) -> Result<(), TokenError> {
        loop {
            let wait = self.cooldown.remaining();
            if wait.is_zero() {
                return Ok(());
            }
            let fits = retry::fits(wait, self.settings.time_left(self.request), self.settings.timeout);
            if wait > self.settings.max_hold || !fits {
                return Err(TokenError::Limited(wait));
            }
            if !std::mem::replace(&mut self.told, true) {
                Waits { profile: self.profile, wait }.emit();
            }
            // Not lengthened at random: turns spread the calls that follow.
            waiting(WaitReason::RateLimit, self.stop.sleep(wait)).await?;
        }
    }

    /// Waits until the call may be made; fails if the cooldown is too long to hold the message.
    pub(super) async fn for_turn(self) -> Result<Turn<'a>, TokenError> {
        match self.cooldown.turn() {
            Ok(turn) => Ok(turn),
            // Boxed: it is rare, and would enlarge the task of every message.
            Err(none) => Box::pin(self.after(none)).await,
        }
    }

    async fn after(self, mut none: NoTurn) -> Result<Turn<'a>, TokenError> {
        loop {
            let turn = match none {
                NoTurn::CoolingDown(_) => {
                    self.for_cooldown().await?;
                    self.cooldown.turn()
                }
                NoTurn::Later(wait) if self.settings.time_left(self.request).is_zero() => {
                    return Err(TokenError::Limited(wait));
                }
                NoTurn::Later(wait) => {
                    waiting(WaitReason::RateLimit, self.stop.cut_short(self.cooldown.next_turn(wait))).await?
                }
            };
            match turn {
                Ok(turn) => return Ok(turn),
                Err(again) => none = again,
            }
        }
    }
}
