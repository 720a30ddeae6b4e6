import jakarta.mail.Message;
import jakarta.mail.Session;
import jakarta.mail.Transport;
import jakarta.mail.internet.InternetAddress;
import jakarta.mail.internet.MimeMessage;
import java.util.Properties;

/** Delivers one message for each line of standard input: host, port, scheme, STARTTLS, mechanism. */
public class Deliver {
    public static void main(String[] words) throws Exception {
        String user = words[0], secret = words[1];
        var lines = new java.io.BufferedReader(new java.io.InputStreamReader(System.in)).lines();
        for (String line : (Iterable<String>) lines::iterator) {
            String[] row = line.split(" ");
            String kind = "mail." + row[2] + ".";
            Properties settings = new Properties();
            settings.put(kind + "localhost", "client.example.org");
            settings.put(kind + "starttls.enable", row[3]);
            settings.put(kind + "starttls.required", row[3]);
            settings.put(kind + "auth.mechanisms", row[4]);
            settings.put(kind + "auth", "true");
            settings.put(kind + "ssl.checkserveridentity", "true");
            Session session = Session.getInstance(settings);
            MimeMessage message = new MimeMessage(session);
            message.setFrom(new InternetAddress("from@example.org"));
            message.setRecipient(Message.RecipientType.TO, new InternetAddress("to@example.org"));
            message.setSubject("hello");
            message.setText("world\r\n");
            try (Transport transport = session.getTransport(row[2])) {
                transport.connect(row[0], Integer.parseInt(row[1]), user, secret);
                transport.sendMessage(message, message.getAllRecipients());
            }
        }
    }
}
