//! What servers of this kind are known to get wrong: races between processes, writes that are done by half, and
//! rules that do not hold. Each is asked of a real application.

mod atomicity;
mod backup;
mod races;
mod security;
