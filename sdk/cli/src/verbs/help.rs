//! `mesh help`
use clap::{Args, CommandFactory};

use crate::arguments::Arguments;
use crate::exit::{ALL, Exit};
use crate::printer;

/// Show the help of a verb, or a topic: exit-codes
#[derive(Debug, Args)]
pub(crate) struct Help {
    /// A verb, or `exit-codes`
    topic: Option<String>,
}

impl Help {
    pub(crate) fn go(self) -> Exit {
        let mut command = Arguments::command();
        match self.topic.as_deref() {
            None => {
                let _ = command.print_long_help();
            }
            Some("exit-codes") => {
                for (_, number, meaning) in ALL {
                    printer::line(&format!("{number:>3}  {meaning}"));
                }
            }
            Some(topic) => {
                command.build();
                let Some(verb) = command.find_subcommand_mut(topic) else {
                    printer::error(&format!("there is no verb or topic `{topic}`"));
                    printer::hint("`mesh help` lists the verbs; topics: exit-codes");
                    return Exit::Usage;
                };
                let _ = verb.print_long_help();
            }
        }
        Exit::Done
    }
}
