mod hostile;
mod messages;
mod print;
