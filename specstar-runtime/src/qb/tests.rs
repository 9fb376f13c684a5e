mod messages;
mod print;
